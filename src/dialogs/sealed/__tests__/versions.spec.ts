import { screen, within } from '@testing-library/dom';

import {
  difference,
  environment,
  sealed,
  version
} from '../../../__tests__/server';
import { showDetails } from '../details';
import { askOpen } from '../open';
import { askSave, askSaveAll } from '../save';
import { askUndo } from '../undo';
import { showVersions } from '../versions';
import { button, leave, press, says, world } from './world';

const MINE = sealed({ name: 'mine' });
const VERSIONS = {
  versions: [
    version({
      number: 2,
      why: 'with tabulate',
      chosen: true,
      stored: 5_000_000
    }),
    version({ number: 1, why: 'first' })
  ]
};
const TABULATE = difference({
  packages: [
    { name: 'tabulate', manager: 'pip', before: null, after: '0.9.0' },
    { name: 'numpy', manager: 'conda', before: '1.26.0', after: '1.26.4' }
  ],
  added: { count: 13, bytes: 247_000, paths: ['lib/tabulate.py'] }
});

afterEach(leave);

describe('the versions of an environment', () => {
  const answers = {
    'environments/mine/versions': VERSIONS,
    'environments/mine/diff?a=1&b=2': TABULATE,
    'environments/mine/diff?a=1&b=unsaved': difference()
  };

  it('are listed with when, who, why and what each takes', async () => {
    const { nb } = await world([MINE], answers);
    void showVersions(nb, MINE);
    const { textContent } = await says(/with tabulate/);
    expect(textContent).toContain('in use here');
    expect(textContent).toContain('5.0 MB');
  });

  it('show what one changed: packages by name, files by number', async () => {
    const { nb, user } = await world([MINE], answers);
    void showVersions(nb, MINE);
    await says(/first/);
    await user.click(screen.getByRole('radio', { name: /^2/ }));
    await says(/tabulate pip–0\.9\.0/);
    expect(screen.getByText('1.26.4')).toBeTruthy();
    expect(screen.getByText('added: 13 files · 247 kB')).toBeTruthy();
  });

  it('are gone back to, the newest is not', async () => {
    const { nb, user, started } = await world([MINE], answers);
    void showVersions(nb, MINE);
    await says(/first/);
    expect(button('Go Back to It').disabled).toBe(true);
    await user.click(screen.getByRole('radio', { name: /^2/ }));
    expect(button('Go Back to It').disabled).toBe(true);
    await user.click(screen.getByRole('radio', { name: /^1/ }));
    await press('Go Back to It');
    expect(started).toEqual([['env.rollback', { name: 'mine', number: 1 }]]);
  });

  it('are gone back to, to the newest too where something is unsaved', async () => {
    const unsaved = { ...MINE, unsaved: true };
    const { nb, user, started } = await world([unsaved], answers);
    void showVersions(nb, unsaved);
    await says(/first/);
    await user.click(screen.getByRole('radio', { name: /^2/ }));
    await says(/Going back saves the unsaved changes/);
    await press('Go Back to It');
    expect(started).toEqual([['env.rollback', { name: 'mine', number: 2 }]]);
  });

  it('show what became of the first one', async () => {
    const { nb, user } = await world([MINE], answers);
    void showVersions(nb, MINE);
    await says(/first/);
    await user.click(screen.getByRole('radio', { name: /^1/ }));
    await says(/tabulate pip–0\.9\.0/);
  });

  it('are not compared where there is one', async () => {
    const { nb, user } = await world([MINE], {
      'environments/mine/versions': { versions: [version({ number: 1 })] }
    });
    void showVersions(nb, MINE);
    await says(/The first of its versions/);
    await user.click(screen.getByRole('radio', { name: /^1/ }));
    await says(/Clone version 1/);
    expect(screen.queryByLabelText('Before')).toBeNull();
  });

  it('compare with what is unsaved', async () => {
    const unsaved = { ...MINE, unsaved: true };
    const { nb, user } = await world([unsaved], answers);
    void showVersions(nb, unsaved);
    await says(/first/);
    await user.click(screen.getByRole('radio', { name: /^1/ }));
    await user.selectOptions(screen.getByLabelText('After'), 'unsaved changes');
    await says(/Nothing differs\./);
  });

  it('say which cannot be used', async () => {
    const { nb } = await world([MINE], {
      'environments/mine/versions': {
        versions: [
          VERSIONS.versions[0],
          version({ number: 1, created: '', problem: '1.json is damaged' })
        ]
      }
    });
    void showVersions(nb, MINE);
    await says(/cannot be used/);
    const broken = screen.getByRole<HTMLInputElement>('radio', { name: /^1/ });
    expect(broken.disabled).toBe(true);
  });

  it.each([
    ['an open one', environment({ name: 'mine', versions: 2 }), 'Clone It…'],
    ['a sealed one', MINE, 'Clone version 1…']
  ])('of %s are had beside it', async (_, item, word) => {
    const { nb, user, started } = await world([item], {
      ...answers,
      'suggest-name?wanted=mine': { name: 'mine-2' },
      sources: { sources: [] }
    });
    void showVersions(nb, item);
    await says(/first/);
    await user.click(screen.getByRole('radio', { name: /^1/ }));
    await user.click(screen.getByRole('button', { name: word }));
    await says(/Copy of/);
    await press('Clone');
    expect(started).toEqual([
      ['env.clone', { source: 'mine@1', name: 'mine-2', kernel: true }]
    ]);
  });
});

describe('saving', () => {
  it('shows what is saved, and says why it was', async () => {
    const { nb, user, started } = await world([MINE], {
      'environments/mine/diff?a=2&b=unsaved': TABULATE
    });
    void askSave(nb, { ...MINE, unsaved: true });
    await says(/Changed since version 2.*tabulate/s);
    await user.type(screen.getByLabelText('Why (optional)'), ' with tabulate ');
    await press('Save');
    expect(started).toEqual([
      ['env.save', { name: 'mine', why: 'with tabulate' }]
    ]);
  });

  it('tells of what somebody else saved meanwhile', async () => {
    const { nb } = await world([MINE], {
      'environments/mine/diff?a=2&b=unsaved': difference()
    });
    void askSave(nb, { ...MINE, unsaved: true, newest: 3 });
    await says(/Somebody else saved version 3 meanwhile/);
  });
});

describe('saving all', () => {
  it('names them, and saves each', async () => {
    const { nb, started } = await world([
      { ...MINE, unsaved: true },
      sealed({ name: 'other', unsaved: true })
    ]);
    void askSaveAll(nb);
    await says(/mine, other/);
    await press('Save');
    expect(started).toEqual([['env.save_all', {}]]);
  });

  it('says when there is nothing to save', async () => {
    const { nb } = await world([MINE]);
    void askSaveAll(nb);
    await says(/Nothing is unsaved\./);
  });
});

describe('undoing', () => {
  it.each([
    [
      'names the version it goes back to',
      MINE,
      /what it was in version 1: first/
    ],
    [
      'keeps what is unsaved',
      { ...MINE, unsaved: true },
      /becomes version 2 again.*saved as a version/
    ],
    [
      'of an open one takes back the last install',
      environment({ name: 'mine' }),
      /before the last install/
    ]
  ])('%s', async (_, item, words) => {
    const { nb, started } = await world([item], {
      'environments/mine/versions': VERSIONS
    });
    void askUndo(nb, item);
    await says(words);
    await press('Undo');
    expect(started).toEqual([['env.undo', { name: 'mine' }]]);
  });
});

describe('opening again', () => {
  it('opens what is in use, or an earlier version', async () => {
    const { nb, user, started } = await world([MINE], {
      'environments/mine/versions': VERSIONS
    });
    void askOpen(nb, MINE);
    await says(/becomes a folder/);
    await press('Open');
    void askOpen(nb, MINE);
    await says(/becomes a folder/);
    await user.selectOptions(screen.getByLabelText('Version'), '1');
    await press('Open');
    expect(started).toEqual([
      ['env.open', { name: 'mine' }],
      ['env.open', { name: 'mine', number: 1 }]
    ]);
  });
});

describe('the details', () => {
  it('have the sizes on both disks', async () => {
    const { nb } = await world([MINE], {
      'environments/mine/versions': VERSIONS
    });
    void showDetails(nb, MINE);
    await says(/On the local disk/);
    const value = (name: string) =>
      screen.getByText(name).nextElementSibling?.textContent;
    expect(value('On the persistent disk')).toBe(
      '1.1 GB · all versions 1.1 GB'
    );
    expect(value('On the local disk')).toBe('3.4 GB');
    expect(value('Version')).toBe('2 · with tabulate');
    expect(value('Runs on')).toBe('linux-64 · glibc 2.17 or newer · CPU');
  });

  it('of an open one speak of no images', async () => {
    const item = environment({ name: 'mine' });
    const { nb } = await world([item]);
    void showDetails(nb, item);
    const shown = await says(/open: a folder/);
    expect(within(shown).queryByText('On the local disk')).toBeNull();
  });
});
