import { screen } from '@testing-library/react';

import {
  cloudStatus,
  hookStatus,
  keyPair,
  lease,
  notebook,
  sshSetup,
  storage
} from '../../__tests__/cloud';
import { operation } from '../../__tests__/server';
import { open } from './open';

export const OTHER = notebook({
  id: '22222222-2222-2222-2222-222222222222',
  name: 'training',
  status: 'STOPPED',
  flavor: 'modelarts.vm.gpu.t4'
});

export const CLOUD = {
  cloud: cloudStatus(),
  notebooks: { notebooks: [notebook(), OTHER] },
  'notebooks/this': notebook({ lease: lease(5 * 3600 + 20) }),
  storages: { storages: [storage()] },
  ssh: sshSetup(),
  'ssh/keys': { keys: [keyPair()] },
  'hook?registration=true': hookStatus(),
  jobs: { jobs: [] }
};

/** The panel over the cloud, its sections unfolded. */
export async function openCloud(
  change: { [path: string]: unknown } = {},
  operations: ReturnType<typeof operation>[] = []
) {
  const opened = await open({ cloud: { ...CLOUD, ...change }, operations });
  const { user } = opened;
  for (const name of [/^Storage/, /^SSH/]) {
    const toggle = screen.queryByRole('button', { name });
    if (toggle) {
      await user.click(toggle);
    }
  }
  return opened;
}
