import { cleanup, screen, within } from '@testing-library/react';

import { keyPair, sshSetup, storage } from '../../__tests__/cloud';
import { operation } from '../../__tests__/server';
import { CommandIDs } from '../../commands';
import { openCloud } from './openCloud';

afterEach(cleanup);

describe('storage', () => {
  it('shows the cloud’s word and the machine’s', async () => {
    const { ran, user } = await openCloud();
    const row = screen.getByRole('listitem', {
      name: /^\/data\/demo, mounted/
    });
    expect(row.textContent).toContain('612 GB free');
    expect(row.textContent).toContain('12 ms');
    expect(within(row).getByRole('meter').getAttribute('aria-valuenow')).toBe(
      '39'
    );
    await user.click(within(row).getByRole('button', { name: 'Unmount…' }));
    expect(ran).toEqual([[CommandIDs.unmountStorage, { path: '/data/demo' }]]);
  });

  it('says why a mount failed, in the cloud’s words, and offers it again', async () => {
    const { ran, user } = await openCloud({
      storages: {
        storages: [
          storage({
            status: 'MOUNT_FAILED',
            failure: 'bucket not found',
            machine: null
          })
        ]
      }
    });
    expect(
      screen.getByText('could not be mounted: bucket not found')
    ).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Mount again…' }));
    expect(ran).toEqual([
      [
        CommandIDs.mountStorage,
        { path: '/data/demo', source: 'obs://bucket/demo/', category: 'OBSFS' }
      ]
    ]);
  });

  it('shows what is just being mounted', async () => {
    await openCloud({}, [
      operation({
        verb: 'storage.mount',
        params: { path: '/data/new', source: 'obs://b/', category: 'OBSFS' }
      })
    ]);
    expect(
      screen.getByRole('listitem', { name: /^\/data\/new, mounting/ })
    ).toBeTruthy();
  });

  it('says when a file system hangs or cannot be written', async () => {
    const { machine } = storage();
    await openCloud({
      storages: {
        storages: [
          storage({ machine: { ...machine!, answers: false } }),
          storage({
            id: 's2',
            path: '/data/ro',
            machine: { ...machine!, read_only: true }
          })
        ]
      }
    });
    expect(screen.getByText('it does not answer')).toBeTruthy();
    expect(screen.getByText('read-only')).toBeTruthy();
  });

  it('says when the machine does not see what the cloud has mounted', async () => {
    const { machine } = storage();
    const unseen = { ...machine!, mounted: false };
    await openCloud({ storages: { storages: [storage({ machine: unseen })] } });
    expect(screen.getByText(/this machine does not see it/)).toBeTruthy();
  });

  it('teaches when it is empty', async () => {
    const { ran, user } = await openCloud({ storages: { storages: [] } });
    await user.click(screen.getByRole('button', { name: 'Mount…' }));
    expect(ran).toEqual([[CommandIDs.mountStorage, {}]]);
  });
});

describe('SSH', () => {
  it('says what to type when it is ready, also when it is folded', async () => {
    const { user } = await openCloud();
    expect(screen.getByText('ssh ma-demo')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: /^SSH/ }));
    expect(screen.getByText('ready: ssh ma-demo')).toBeTruthy();
  });

  it.each([
    [{ exists: false, key_pairs: [], address: null }, 'not set up'],
    [{ status: 'STOPPED', address: null }, 'the notebook does not run'],
    [{ address: null }, 'open from the next start on'],
    [{ key_pairs: [] }, 'no key pair opens it']
  ])('says what is missing: %j', async (change, words) => {
    const { endpoint, laptop } = sshSetup();
    await openCloud({
      ssh: sshSetup({
        endpoint: { ...endpoint, ...change },
        laptop: 'address' in change ? null : laptop
      })
    });
    expect(screen.getByText(words)).toBeTruthy();
    expect(screen.queryByText('ssh ma-demo')).toBeNull();
  });

  it('lists key pairs: where they live, where their private halves are', async () => {
    const { ran, user } = await openCloud({
      'ssh/keys': {
        keys: [
          keyPair(),
          keyPair({ name: 'here', private: ['home'], seen_in: ['ecs'] }),
          keyPair({ name: 'kept', private: ['disk'], scope: 'domain' })
        ]
      }
    });
    const names = within(screen.getByRole('list', { name: 'key pairs' }))
      .getAllByRole('listitem')
      .map(row => row.getAttribute('aria-label'));
    expect(names).toEqual([
      'laptop, KPS, ECS, opens this notebook · private key not here',
      'here, ECS, private key here, lost at restart',
      'kept, KPS, ECS · for the whole account, private key on the disk, locked'
    ]);
    await user.click(screen.getByRole('button', { name: 'Keep…' }));
    await user.click(screen.getByRole('button', { name: 'Unlock…' }));
    expect(ran).toEqual([
      [CommandIDs.keepKey, { name: 'here' }],
      [CommandIDs.unlockKeys, { name: 'kept' }]
    ]);
  });
});
