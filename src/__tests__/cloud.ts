import {
  ICloudStatus,
  IHookStatus,
  IKeyPair,
  INotebook,
  ISshSetup,
  IStorage
} from '../api/cloudTypes';

export const MINE = '11111111-1111-1111-1111-111111111111';

export function cloudStatus(change: Partial<ICloudStatus> = {}): ICloudStatus {
  return {
    endpoint: 'https://modelarts.test',
    region: 'test-1',
    project: 'p',
    instance: MINE,
    access_key: 'ABCD...',
    keys_from: 'environment',
    kind: 'cloud',
    error: null,
    ...change
  };
}

/** Nobody has set up an account. */
export const NO_ACCOUNT = cloudStatus({
  endpoint: '',
  instance: '',
  kind: 'none',
  error: {
    code: 'no_credentials',
    message: 'No keys were found.',
    hint: 'Set them.'
  }
});

export function notebook(change: Partial<INotebook> = {}): INotebook {
  return {
    id: MINE,
    name: 'demo',
    status: 'RUNNING',
    description: '',
    flavor: 'modelarts.vm.cpu.2u',
    image: { id: 'i', name: 'pytorch:1.8', path: '' },
    pool: null,
    lease: null,
    endpoints: [],
    user: 'me',
    created: '2026-11-01T00:00:00+00:00',
    fail_reason: '',
    ...change
  };
}

/** A lease that ends in so many seconds, by a server whose clock is so much ahead. */
export function lease(seconds: number, ahead = 0, now = Date.now()) {
  return {
    enabled: true,
    kind: 'TIMING',
    ends: new Date(now + (seconds + ahead) * 1000).toISOString(),
    remaining: seconds
  };
}

export function storage(change: Partial<IStorage> = {}): IStorage {
  return {
    id: 's1',
    category: 'OBSFS',
    path: '/data/demo',
    uri: 'obs://bucket/demo/',
    status: 'MOUNTED',
    failure: '',
    share: '',
    kind: 'DYNAMIC',
    machine: {
      mounted: true,
      fstype: 'fuse.obsfs',
      source: 'bucket',
      read_only: false,
      answers: true,
      total: 1_000_000_000_000,
      used: 388_000_000_000,
      free: 612_000_000_000,
      stat_ms: 12,
      write_ms: null
    },
    ...change
  };
}

export function sshSetup(change: Partial<ISshSetup> = {}): ISshSetup {
  return {
    endpoint: {
      id: MINE,
      name: 'demo',
      status: 'RUNNING',
      user: 'me',
      exists: true,
      address: { user: 'ma-user', host: 'dev.test', port: 31248 },
      key_pairs: ['laptop'],
      allowed_ips: []
    },
    in_force: null,
    laptop: {
      host: 'ma-demo',
      block: 'Host ma-demo\n    HostName dev.test\n',
      paste_into: [
        {
          system: 'linux',
          file: '~/.ssh/config',
          open: 'nano ~/.ssh/config',
          protect: 'chmod 600 ~/.ssh/id_rsa'
        }
      ]
    },
    ...change
  };
}

export function keyPair(change: Partial<IKeyPair> = {}): IKeyPair {
  return {
    name: 'laptop',
    scope: 'user',
    seen_in: ['kps', 'ecs'],
    fingerprint: 'aa:bb',
    public_key: '',
    hosted: false,
    private: [],
    ...change
  };
}

export function hookStatus(change: Partial<IHookStatus> = {}): IHookStatus {
  return {
    installed: true,
    version: '0.1.0',
    unaltered: true,
    command: '# modelarts_nb: restore\n',
    registration: {
      instance: MINE,
      registered: true,
      current: true,
      others: []
    },
    problem: null,
    ...change
  };
}
