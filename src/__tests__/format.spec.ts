import { nullTranslator } from '@jupyterlab/translation';

import { Format } from '../format';
import { chinese } from './chinese';

const en = new Format(nullTranslator.load('modelarts_nb'));
const zh = new Format(chinese, 'zh_CN');

describe('Format', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [999_700, '1.0 MB'],
    [118_000_000, '118 MB'],
    [3_400_000_000, '3.4 GB'],
    [99_960_000, '100 MB'],
    [612_000_000_000, '612 GB'],
    [4_000_000_000_000_000_000, '4,000 PB']
  ])('writes %d bytes as %s', (value, text) => {
    expect(en.bytes(value)).toBe(text);
  });

  it('counts files with separators, one file as one', () => {
    expect([en.files(1), en.files(24_310)]).toEqual(['1 file', '24,310 files']);
  });

  it.each([
    [0.2, '0 s left'],
    [14, '14 s left'],
    [89, '89 s left'],
    [90, '2 min left'],
    [3_599, '60 min left'],
    [3_900, '65 min left'],
    [7_200, '2 h left'],
    [7_500, '2 h 5 min left'],
    [-3, '0 s left']
  ])('writes %d seconds left as %s', (seconds, text) => {
    expect(en.left(seconds)).toBe(text);
  });

  it('speaks Chinese', () => {
    expect([
      zh.bytes(3_400_000_000),
      zh.files(24_310),
      zh.left(14),
      zh.rate(118_000_000),
      zh.duration(7_500)
    ]).toEqual([
      '3.4 GB',
      '24,310 个文件',
      '剩余 14 秒',
      '118 MB/秒',
      '2 小时 5 分钟'
    ]);
  });

  it('tells the time relative to now, in the language', () => {
    const now = Date.parse('2026-11-22T12:00:00Z');
    expect([
      en.relative('2026-11-22T11:59:50Z', now),
      en.relative('2026-11-21T12:00:00Z', now),
      en.relative('2026-11-26T12:00:00Z', now),
      zh.relative('2026-11-22T11:58:00Z', now)
    ]).toEqual(['just now', 'yesterday', 'in 4 days', '2分钟前']);
  });

  it('shows what is no time as it is', () => {
    expect([en.relative('soon'), en.exact('soon'), en.day('soon')]).toEqual([
      'soon',
      'soon',
      'soon'
    ]);
  });

  it('falls back to English where Lab names no language', () => {
    const format = new Format(nullTranslator.load('x'), 'default!');
    expect(format.locale).toBe('en');
  });
});
