import { screen } from '@testing-library/dom';

import { environment, sealed } from '../../../__tests__/server';
import { IOffered, ISource } from '../../../api/sealedTypes';
import { askClone } from '../../clone';
import { askCollect } from '../garbage';
import { askSeal } from '../seal';
import { showSources } from '../sources';
import { button, dialog, leave, press, says, world } from './world';

function offered(change: Partial<IOffered> & { name: string }): IOffered {
  return {
    number: 1,
    created: '2026-11-20T09:00:00Z',
    why: '',
    python: '3.10.13',
    arch: 'x86_64',
    glibc: '2.17',
    accelerator: 'cuda',
    highlights: ['torch 2.1'],
    size: 3_400_000_000,
    stored: 1_100_000_000,
    unfit: '',
    ...change
  };
}

const TEAM: ISource = {
  name: 'team',
  path: '/team/envs',
  environments: [
    offered({ name: 'team:mine' }),
    offered({ name: 'team:npu', unfit: 'It was made for aarch64.' })
  ],
  problem: ''
};
const SOURCES = { sources: { sources: [TEAM] } };
const NAMES = { 'suggest-name?wanted=mine': { name: 'mine-2' } };

afterEach(leave);

describe('folders of others', () => {
  it('show what is in them, and why something cannot run here', async () => {
    const { nb } = await world([], SOURCES);
    void showSources(nb);
    await says(/Python 3\.10 · 3\.4 GB · CUDA · torch 2\.1/);
    await says(/It was made for aarch64\./);
    const unfit = screen.getByRole<HTMLButtonElement>('button', {
      name: 'Clone npu'
    });
    expect(unfit.disabled).toBe(true);
  });

  it('are cloned from', async () => {
    const { nb, user, started } = await world([], { ...SOURCES, ...NAMES });
    void showSources(nb);
    await says(/CUDA/);
    await user.click(screen.getByRole('button', { name: 'Clone mine' }));
    await says(/Copy of/);
    await press('Clone');
    expect(started).toEqual([
      ['env.clone', { source: 'team:mine', name: 'mine-2', kernel: true }]
    ]);
  });

  it('are added by their path, which is kept when it is refused', async () => {
    const { nb, user, started } = await world(
      [],
      { sources: { sources: [] } },
      {
        'env.add_source': {
          state: 'failed',
          error: { code: 'not_found', message: 'There is no folder /tean.' }
        }
      }
    );
    void showSources(nb);
    await says(/No folder was added yet/);
    const path = screen.getByLabelText<HTMLInputElement>('Another folder');
    await user.type(path, 'team');
    expect(button('Add Folder').disabled).toBe(true);
    await user.clear(path);
    await user.type(path, '/tean');
    await press('Add Folder');
    await says(/There is no folder \/tean/);
    expect(path.value).toBe('/tean');
    expect(started).toEqual([['env.add_source', { path: '/tean' }]]);
  });

  it('are let go of, and the list is shown again', async () => {
    const { nb, user, started, server } = await world([], SOURCES);
    void showSources(nb);
    await says(/CUDA/);
    server.answers['GET sources'] = { body: { sources: [] } };
    await user.click(screen.getByRole('button', { name: 'Let go of team' }));
    await says(/No folder was added yet/);
    expect(started).toEqual([['env.remove_source', { source: '/team/envs' }]]);
  });
});

describe('a clone', () => {
  it('of a sealed one is made at once, and what is unsaved stays behind', async () => {
    const mine = sealed({ name: 'mine', unsaved: true });
    const { nb } = await world([mine], { ...SOURCES, ...NAMES });
    void askClone(nb, { source: 'mine' });
    const shown = await says(/Made at once/);
    expect(shown.textContent).toContain('Unsaved changes of mine');
    expect(shown.textContent).not.toContain('to write');
  });

  it('of an open one says what is written; sources are among the choices', async () => {
    const { nb, user } = await world([environment({ name: 'mine' })], {
      ...SOURCES,
      ...NAMES
    });
    void askClone(nb, { source: 'mine' });
    await says(/3\.4 GB to write/);
    const from = await screen.findByRole('option', { name: 'team:mine' });
    expect(screen.queryByRole('option', { name: 'team:npu' })).toBeNull();
    await user.selectOptions(screen.getByLabelText('Copy of'), from);
    await says(/Made at once/);
  });
});

describe('sealing', () => {
  it('teaches what it means before it is done', async () => {
    const { nb, started } = await world([environment({ name: 'mine' })]);
    void askSeal(nb, environment({ name: 'mine' }), 2);
    const shown = await says(/instead of a folder with 24,310 files/);
    expect(shown.textContent).toContain('2 kernels run in it');
    await press('Seal');
    expect(started).toEqual([['env.seal', { name: 'mine' }]]);
  });
});

describe('freeing images', () => {
  const image = { sha256: 'a'.repeat(64), size: 1_100_000_000 };

  it('says first what can go, and deletes it when told to', async () => {
    const { nb, started } = await world(
      [],
      {},
      {
        'env.gc': {
          result: {
            images: [
              { ...image, kept: '' },
              { ...image, kept: 'version 1 of mine needs it' }
            ],
            bytes: 1_100_000_000,
            deleted: false
          }
        }
      }
    );
    void askCollect(nb);
    const shown = await says(/1\.1 GB can be freed: 1 image/);
    expect(shown.textContent).toContain('1 image stays (1.1 GB)');
    expect(shown.textContent).toContain('1 × version 1 of mine needs it');
    await press('Delete Them');
    expect(started).toEqual([
      ['env.gc', { yes: false }],
      ['env.gc', { yes: true }]
    ]);
  });

  it('cannot be told to delete nothing', async () => {
    const { nb } = await world(
      [],
      {},
      {
        'env.gc': { result: { images: [], bytes: 0, deleted: false } }
      }
    );
    void askCollect(nb);
    await says(/There is nothing to free/);
    expect(button('Delete Them').disabled).toBe(true);
  });

  it('says why it looked in vain', async () => {
    const { nb } = await world(
      [],
      {},
      {
        'env.gc': {
          state: 'failed',
          error: { code: 'archive_invalid', message: '3.json is damaged.' }
        }
      }
    );
    void askCollect(nb);
    await says(/3\.json is damaged/);
    expect(button('Delete Them').disabled).toBe(true);
    expect(dialog()).toBeTruthy();
  });
});
