import { IPlan } from '../../api/types';
import { planLines } from '../preview';

const WORDS = {
  remove: 'remove',
  change: 'change',
  install: 'install',
  pip: 'by pip'
};

function planned(name: string, version: string, size: number | null = null) {
  return { name, version, build: '', channel: '', size };
}

function plan(change: Partial<IPlan>): IPlan {
  return { name: 'mine', add: [], remove: [], pip: [], ...change };
}

function lines(verb: string, change: Partial<IPlan>): string[] {
  return planLines(plan(change), verb, WORDS).map(line =>
    [line.what, line.name, line.version, line.size ?? ''].join(' ').trim()
  );
}

describe('the lines of a plan', () => {
  it('says what goes and what changes before what comes', () => {
    expect(
      lines('env.install', {
        add: [planned('new', '1', 10), planned('both', '2', 20)],
        remove: [planned('both', '1', 5), planned('old', '3', 7)]
      })
    ).toEqual(['remove old 3', 'change both 1 → 2 20', 'install new 1 10']);
  });

  it('gives lines to pip as they are', () => {
    expect(lines('env.install', { pip: ['-e /work/mine'] })).toEqual([
      'by pip -e /work/mine'
    ]);
  });

  it('knows what pip removes', () => {
    expect(lines('env.uninstall', { pip: ['-tabulate'] })).toEqual([
      'remove tabulate'
    ]);
  });
});
