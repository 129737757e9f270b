import { nullTranslator } from '@jupyterlab/translation';

import { chinese } from '../../__tests__/chinese';
import { keptWord, problemWord, unfitWord } from '../sentences';

const english = nullTranslator.load('modelarts_nb');

describe('a sentence of the server about sealed environments', () => {
  it.each([
    [keptWord, 'version 2 of mine needs it', 'mine 的版本 2 需要'],
    [
      keptWord,
      'version 2 of mine in the bin needs it',
      '回收站中 mine 的版本 2 需要'
    ],
    [keptWord, 'it is younger than an hour', '生成不到一小时'],
    [keptWord, 'a running kernel uses it', '正在运行的内核在使用'],
    [
      unfitWord,
      'mine version 3 was made for aarch64; this machine is x86_64.',
      '为 aarch64 制作；本机为 x86_64。'
    ],
    [
      unfitWord,
      'mine version 3 needs the C library 2.34; this image has 2.17.',
      '需要 glibc 2.34；此镜像的版本为 2.17。'
    ],
    [unfitWord, '/team/sealed/mine/3.json is damaged: no.', '其文件已损坏。'],
    [unfitWord, 'Something new.', '无法在此运行。'],
    [
      problemWord,
      '/disk/3.json was written by a newer modelarts_nb.',
      '由更新版本的 modelarts_nb 写入：请更新本机的版本。'
    ],
    [problemWord, '', '']
  ])('%p tells %p', (word, sentence, told) => {
    expect(word(sentence, chinese)).toBe(told);
    expect(word(sentence, english)).toBe(sentence);
  });
});
