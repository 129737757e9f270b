import { StateDB } from '@jupyterlab/statedb';

import {
  cloudStatus,
  hookStatus,
  keyPair,
  lease,
  MINE,
  NO_ACCOUNT,
  notebook,
  sshSetup,
  storage
} from '../../__tests__/cloud';
import { FakeServer } from '../../__tests__/server';
import { CloudClient } from '../../api/cloudClient';
import { CloudModel } from '../model';
import { CloudPart } from '../view';

const PARTS: { [path: string]: unknown } = {
  cloud: cloudStatus(),
  notebooks: { notebooks: [notebook(), notebook({ id: 'b', name: 'b' })] },
  'notebooks/this': notebook({ lease: lease(3600) }),
  storages: { storages: [storage()] },
  ssh: sshSetup(),
  'ssh/keys': { keys: [keyPair()] },
  'hook?registration=true': hookStatus()
};

describe('CloudModel', () => {
  let server: FakeServer;
  let cloud: CloudModel;
  const made: CloudModel[] = [];

  function make(state?: StateDB, now?: () => number): CloudModel {
    const model = new CloudModel({
      client: new CloudClient(server.settings),
      state,
      standby: 'never',
      now
    });
    made.push(model);
    return model;
  }

  function answer(path: string, body: unknown, status = 200): void {
    server.answers[`GET ${path}`] = { status, body };
  }

  const asked = () => server.asked.map(({ path }) => path).sort();

  beforeEach(() => {
    server = new FakeServer();
    for (const [path, body] of Object.entries(PARTS)) {
      answer(path, body);
    }
    cloud = make();
  });

  afterEach(() => made.splice(0).forEach(model => model.dispose()));

  it('reads every part', async () => {
    await cloud.refresh();
    expect(asked()).toEqual(Object.keys(PARTS).sort());
    const { view } = cloud;
    expect([
      view.mine?.name,
      view.notebooks?.length,
      view.storages?.[0].path,
      view.ssh?.laptop?.host,
      view.keys?.[0].name,
      view.hook?.registration?.registered
    ]).toEqual(['demo', 2, '/data/demo', 'ma-demo', 'laptop', true]);
  });

  it('asks one thing where there is no account, again and again', async () => {
    answer('cloud', NO_ACCOUNT);
    await cloud.refresh();
    await cloud.refresh();
    expect(asked()).toEqual(['cloud', 'cloud']);
    expect([cloud.absent, cloud.present]).toEqual([true, false]);
  });

  it('forgets what other keys showed when they are gone', async () => {
    await cloud.refresh();
    answer('cloud', NO_ACCOUNT);
    await cloud.refresh();
    expect([cloud.view.notebooks, cloud.view.keys]).toEqual([null, null]);
  });

  it('does not ask in vain when the keys are refused', async () => {
    answer(
      'cloud',
      cloudStatus({ error: { code: 'cloud_unauthenticated', message: 'no' } })
    );
    await cloud.refresh();
    expect(asked()).toEqual(['cloud']);
  });

  it('goes on where only a right is missing', async () => {
    answer(
      'cloud',
      cloudStatus({ error: { code: 'cloud_forbidden', message: 'no' } })
    );
    await cloud.refresh();
    expect(cloud.view.keys).toHaveLength(1);
  });

  it('asks nothing about this notebook where it does not know which that is', async () => {
    answer('cloud', cloudStatus({ instance: '' }));
    await cloud.refresh();
    expect(asked()).toEqual(['cloud', 'notebooks', 'ssh/keys']);
  });

  it('keeps what it knew of a part that fails, and says why', async () => {
    await cloud.refresh();
    answer('storages', { code: 'cloud_busy', message: 'busy' }, 429);
    answer('ssh/keys', { keys: [] });
    await cloud.refresh();
    expect(cloud.view.storages).toHaveLength(1);
    expect(cloud.error('storages')?.code).toBe('cloud_busy');
    expect(cloud.view.keys).toEqual([]);
    expect(cloud.error('keys')).toBeNull();
  });

  it('shows each part when it comes, whatever another takes', async () => {
    let release: () => void = () => undefined;
    const slow = new Promise<void>(resolve => (release = resolve));
    const { client } = cloud;
    const storages = client.storages.bind(client);
    client.storages = async () => {
      await slow;
      return storages();
    };
    const seen = new Promise<void>(resolve =>
      cloud.changed.connect(() => cloud.view.hook && resolve())
    );
    const done = cloud.refresh();
    await seen;
    expect([cloud.view.storages, cloud.view.ssh !== null]).toEqual([
      null,
      true
    ]);
    release();
    await done;
    expect(cloud.view.storages).toHaveLength(1);
  });

  it('takes no old answer for a new one', async () => {
    await cloud.refresh();
    let release: () => void = () => undefined;
    const slow = new Promise<void>(resolve => (release = resolve));
    const { client } = cloud;
    const keys = client.keys.bind(client);
    let first: Promise<void> = Promise.resolve();
    await new Promise<void>(begun => {
      client.keys = async () => {
        begun();
        await slow;
        return [keyPair({ name: 'old' })];
      };
      first = cloud.refresh();
    });
    client.keys = keys;
    const second = cloud.refresh();
    release();
    await Promise.all([first, second]);
    expect(cloud.view.keys?.map(({ name }) => name)).toEqual(['laptop']);
  });

  it('shows the last view before anything was read', async () => {
    const state = new StateDB();
    await make(state).refresh();
    const next = make(state);
    await next.recall();
    expect(next.view.mine?.name).toBe('demo');
    expect(server.asked).toHaveLength(Object.keys(PARTS).length);
  });

  it('keeps the object of a notebook that did not change', async () => {
    await cloud.refresh();
    const [first] = cloud.view.notebooks ?? [];
    answer('notebooks', {
      notebooks: [
        notebook(),
        notebook({ id: 'b', name: 'b', status: 'STOPPED' })
      ]
    });
    await cloud.refresh();
    expect(cloud.view.notebooks?.[0]).toBe(first);
    expect(cloud.view.notebooks?.[1].status).toBe('STOPPED');
  });

  it('reads again what the panel shows when it is opened, at most once a minute', async () => {
    let now = 1_000_000;
    const model = new CloudModel({
      client: new CloudClient(server.settings),
      now: () => now
    });
    made.push(model);
    await model.refresh();
    const count = server.asked.length;
    model.watched = true;
    expect(server.asked).toHaveLength(count);
    model.watched = false;
    now += 61_000;
    const read = new Promise<void>(resolve => {
      const get = model.client.status.bind(model.client);
      model.client.status = () => {
        resolve();
        return get();
      };
    });
    model.watched = true;
    await read;
  });

  it('asks nothing by itself before somebody has said "refresh"', async () => {
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(server.asked).toEqual([]);
  });

  describe('the time left', () => {
    it('is that of the server, however this clock goes', async () => {
      const now = Date.parse('2026-11-22T10:00:00Z');
      const model = make(undefined, () => now);
      // The server's clock is ten minutes ahead.
      answer('notebooks/this', notebook({ lease: lease(3600, 600, now) }));
      await model.refresh();
      expect(model.secondsLeft()).toBe(3600);
      expect(model.secondsLeft(now + 60_000)).toBe(3540);
    });

    it.each([
      ['has no lease', notebook()],
      ['does not run', notebook({ status: 'STOPPED', lease: lease(60) })],
      [
        'never ends',
        notebook({
          lease: { enabled: false, kind: 'TIMING', ends: null, remaining: null }
        })
      ]
    ])('is unknown of a notebook that %s', async (_, mine) => {
      answer('notebooks/this', mine);
      await cloud.refresh();
      expect(cloud.secondsLeft()).toBeNull();
    });

    it('is new after the lease was read again', async () => {
      await cloud.refresh();
      answer('notebooks/this/lease', lease(7200));
      expect(await cloud.refreshLease()).toBe(true);
      expect(cloud.secondsLeft()).toBeGreaterThan(7100);
      expect(cloud.view.mine?.id).toBe(MINE);
    });
  });

  it('has an error for every part', async () => {
    for (const path of Object.keys(PARTS)) {
      if (path !== 'cloud') {
        answer(path, { code: 'cloud_failed', message: path }, 502);
      }
    }
    await cloud.refresh();
    const parts: CloudPart[] = [
      'notebooks',
      'mine',
      'storages',
      'ssh',
      'keys',
      'hook'
    ];
    expect(parts.map(part => cloud.error(part)?.message).sort()).toEqual(
      Object.keys(PARTS)
        .filter(path => path !== 'cloud')
        .sort()
    );
  });
});
