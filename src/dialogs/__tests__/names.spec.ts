import { nullTranslator } from '@jupyterlab/translation';

import { environment } from '../../__tests__/server';
import { nameProblem, specs } from '../names';

const trans = nullTranslator.load('modelarts_nb');
const there = [environment({ name: 'Mine' })];

describe('nameProblem', () => {
  it.each(['a', 'nlp-2024', 'x.y_z', '9', 'a'.repeat(64)])(
    'accepts %s',
    name => {
      expect(nameProblem(name, there, trans)).toBeNull();
    }
  );

  it.each([
    '',
    '-a',
    '.a',
    'a b',
    '环境',
    'a/b',
    'base',
    'BASE',
    'a'.repeat(65)
  ])('refuses "%s"', name => {
    expect(nameProblem(name, there, trans)).not.toBeNull();
  });

  it('refuses a name that differs only in case, naming the other', () => {
    expect(nameProblem('mINE', there, trans)).toContain('Mine');
  });

  it('allows the name of an environment of the image', () => {
    const image = environment({ name: 'PyTorch', where: 'image' });
    expect(nameProblem('PyTorch', [image], trans)).toBeNull();
  });
});

describe('specs', () => {
  it.each([
    ['numpy pandas', ['numpy', 'pandas']],
    ['numpy, pandas\nscipy', ['numpy', 'pandas', 'scipy']],
    ['numpy >=1.20, <2 pandas', ['numpy>=1.20,<2', 'pandas']],
    ['python = 3.10', ['python=3.10']],
    ['torch == 2.1 ; ', ['torch==2.1', ';']],
    ['', []]
  ])('reads %j', (text, list) => {
    expect(specs(text)).toEqual(list);
  });
});
