import { cloudStatus, lease, notebook } from '../../__tests__/cloud';
import { FakeServer, operation } from '../../__tests__/server';
import { Client } from '../../api/client';
import { CloudClient } from '../../api/cloudClient';
import { Operations } from '../../operations/model';
import { LeaseKeeper, SOON } from '../keeper';
import { CloudModel } from '../model';
import { KeepAlivePreference } from '../preference';

describe('LeaseKeeper', () => {
  let server: FakeServer;
  let cloud: CloudModel;
  let operations: Operations;
  let keeper: LeaseKeeper;
  let preference: KeepAlivePreference;
  let busy: boolean;
  let told: string[];

  /** What the cloud says of the lease from now on. */
  const left = (seconds: number) => {
    const now = lease(seconds);
    server.answers['GET notebooks/this'] = { body: notebook({ lease: now }) };
    server.answers['GET notebooks/this/lease'] = { body: now };
  };

  beforeEach(() => {
    server = new FakeServer();
    server.answers['GET cloud'] = { body: cloudStatus() };
    const client = new Client(server.settings);
    cloud = new CloudModel({
      client: new CloudClient(server.settings),
      standby: 'never'
    });
    operations = new Operations({ client, standby: 'never' });
    preference = new KeepAlivePreference();
    busy = false;
    told = [];
    keeper = new LeaseKeeper({
      cloud,
      operations,
      preference,
      busy: () => busy,
      teller: {
        warn: seconds => told.push(`warn ${Math.round(seconds / 60)}`),
        calm: () => told.push('calm'),
        extended: seconds => told.push(`extended ${Math.round(seconds / 60)}`)
      }
    });
    server.answers['POST operations'] = () => {
      left(3600);
      return {
        status: 202,
        body: operation({ verb: 'notebook.keep_alive', state: 'done' })
      };
    };
    server.answers['GET operations'] = { body: { operations: [] } };
  });

  afterEach(() => {
    keeper.dispose();
    cloud.dispose();
    operations.dispose();
  });

  const started = () =>
    server.asked
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => body);

  async function at(seconds: number): Promise<void> {
    left(seconds);
    await cloud.refresh();
    await keeper.look();
  }

  it('says nothing while there is time', async () => {
    await at(SOON + 60);
    expect(told).toEqual([]);
  });

  it('warns once, a quarter of an hour before the end', async () => {
    await at(14 * 60);
    await keeper.look();
    expect(told).toEqual(['warn 14']);
    expect(started()).toEqual([]);
  });

  it('takes the warning back when the lease was extended, and warns of the next end', async () => {
    await at(600);
    await at(7200);
    await at(660);
    expect(told).toEqual(['warn 10', 'calm', 'warn 11']);
  });

  it('does not warn of what was extended elsewhere meanwhile', async () => {
    left(600);
    await cloud.refresh();
    left(7200);
    await keeper.look();
    expect(told).toEqual([]);
  });

  it('warns also when the cloud does not answer just then', async () => {
    left(600);
    await cloud.refresh();
    delete server.answers['GET notebooks/this/lease'];
    await keeper.look();
    expect(told).toEqual(['warn 10']);
  });

  it('extends by itself while a kernel is busy, and says so', async () => {
    preference.read('auto');
    busy = true;
    await at(600);
    expect(started()).toEqual([
      { verb: 'notebook.keep_alive', params: { hours: 1 } }
    ]);
    expect(told).toEqual(['extended 60']);
  });

  it('asks instead while no kernel is busy', async () => {
    preference.read('auto');
    await at(600);
    expect([told, started()]).toEqual([['warn 10'], []]);
    busy = true;
    await keeper.look();
    expect(told).toEqual(['warn 10', 'calm', 'extended 60']);
  });

  it('asks where extending was refused, and does not try it again and again', async () => {
    preference.read('auto');
    busy = true;
    server.answers['POST operations'] = {
      status: 403,
      body: { code: 'cloud_forbidden', message: 'no' }
    };
    await at(600);
    await keeper.look();
    expect(told).toEqual(['warn 10']);
    expect(started()).toHaveLength(1);
  });

  it('is still where the user does not want to hear of it', async () => {
    preference.read('off');
    await at(60);
    expect([told, started()]).toEqual([[], []]);
  });
});

describe('KeepAlivePreference', () => {
  it('takes anything unknown for "ask"', () => {
    const preference = new KeepAlivePreference();
    preference.read('auto');
    preference.read({ nonsense: true });
    expect(preference.mode).toBe('ask');
  });

  it('is kept by who offers to', async () => {
    const preference = new KeepAlivePreference();
    const kept: string[] = [];
    preference.keepBy(async mode => void kept.push(mode));
    await preference.choose('off');
    expect([kept, preference.mode]).toEqual([['off'], 'off']);
  });
});
