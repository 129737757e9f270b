import { nullTranslator } from '@jupyterlab/translation';

import { environment, sealed } from '../../__tests__/server';
import { Format } from '../../format';
import { unsavedOf } from '../state';
import { sealedHover, sealedNews, sealedWord, whyWord } from '../words';

const trans = nullTranslator.load('modelarts_nb');
const format = new Format(trans);

describe('what a row says of a sealed environment', () => {
  it('is its version, and nothing where all is well', () => {
    const mine = sealed({ name: 'mine' });
    expect(sealedWord(mine, trans)).toBe('sealed v2');
    expect(sealedNews(mine, trans)).toBe('');
  });

  it('is nothing of an open one, whatever its history', () => {
    const mine = environment({ name: 'mine', newest: 3, versions: 3 });
    expect(sealedWord(mine, trans)).toBe('');
    expect(sealedNews(mine, trans)).toBe('');
    expect(sealedHover(mine, trans, format)).toEqual([]);
  });

  it('is unsaved work before anything else', () => {
    const mine = sealed({ name: 'mine', newest: 5, unsaved: true });
    expect(sealedNews(mine, trans)).toBe('unsaved changes');
    expect(unsavedOf([mine, sealed({ name: 'other' })])).toEqual([mine]);
  });

  it('is a newer version', () => {
    const mine = sealed({ name: 'mine', newest: 3 });
    expect(sealedNews(mine, trans)).toBe('version 3 is there');
  });

  it('is that a kernel will have to wait', () => {
    const mine = sealed({ name: 'mine', filled: false, local_size: null });
    expect(sealedNews(mine, trans)).toBe('not on the local disk yet');
  });

  it('names the sizes on both disks in the tooltip', () => {
    expect(sealedHover(sealed({ name: 'mine' }), trans, format)).toEqual([
      '1.1 GB on the persistent disk',
      '3.4 GB on the local disk'
    ]);
  });
});

describe('why a version was made', () => {
  it.each([
    ['with tabulate', 'with tabulate'],
    ['back to version 12', 'back to version 12'],
    ['clone of team:mine version 3', 'clone of team:mine, version 3'],
    ['', '']
  ])('%p is told as %p', (why, told) => {
    expect(whyWord(why, trans)).toBe(told);
  });
});
