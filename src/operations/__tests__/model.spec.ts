import { Signal } from '@lumino/signaling';

import { FakeServer, operation } from '../../__tests__/server';
import { Client } from '../../api/client';
import { IOperation } from '../../api/types';
import { fraction, HINT_SCHEMA, Operations } from '../model';

type Event = { [key: string]: unknown };

describe('Operations', () => {
  let server: FakeServer;
  let bus: Signal<object, Event>;
  let operations: Operations;
  let told: string[];

  const onServer = (...list: IOperation[]) => {
    server.answers['GET operations'] = { body: { operations: list } };
  };

  beforeEach(() => {
    server = new FakeServer();
    bus = new Signal<object, Event>({});
    operations = new Operations({
      client: new Client(server.settings),
      events: bus,
      standby: 'never'
    });
    told = [];
    operations.began.connect((_, { id }) => told.push(`began ${id}`));
    operations.ended.connect((_, { id, state }) =>
      told.push(`ended ${id} ${state}`)
    );
    onServer();
  });

  afterEach(() => operations.dispose());

  it('tells that an operation began and how it ended', async () => {
    onServer(operation());
    await operations.refresh();
    onServer(operation({ state: 'failed' }));
    await operations.refresh();
    expect(told).toEqual(['began op1', 'ended op1 failed']);
  });

  it('does not tell of what had ended before the page was loaded', async () => {
    onServer(operation({ state: 'done' }));
    await operations.refresh();
    expect([told, operations.list.length]).toEqual([[], 1]);
  });

  it('reads again when the event bus hints', async () => {
    onServer(operation());
    const changed = new Promise<void>(resolve =>
      operations.changed.connect(() => resolve())
    );
    bus.emit({ schema_id: HINT_SCHEMA, id: 'op1' });
    await changed;
    expect(operations.running.map(item => item.id)).toEqual(['op1']);
  });

  it('believes nothing that an event says', async () => {
    bus.emit({ schema_id: HINT_SCHEMA, id: 'forged', state: 'done' });
    await operations.refresh();
    expect(operations.list).toEqual([]);
  });

  it('asks nothing for events of others', async () => {
    bus.emit({ schema_id: 'https://example.test/other', id: 'op1' });
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(server.asked).toEqual([]);
  });

  it('keeps the object of an operation that did not change', async () => {
    onServer(operation(), operation({ id: 'op2' }));
    await operations.refresh();
    const [first] = operations.list.filter(item => item.id === 'op1');
    onServer(operation(), operation({ id: 'op2', phase: 'syncing' }));
    await operations.refresh();
    expect(operations.list.find(item => item.id === 'op1')).toBe(first);
  });

  it('lists running ones first, then the newest', async () => {
    onServer(
      operation({ id: 'old', state: 'done', started: '2026-01-01T00:00:00Z' }),
      operation({ id: 'new', state: 'done', started: '2026-02-01T00:00:00Z' }),
      operation({ id: 'runs', started: '2025-12-01T00:00:00Z' })
    );
    await operations.refresh();
    expect(operations.list.map(item => item.id)).toEqual([
      'runs',
      'new',
      'old'
    ]);
  });

  it('shows what was started at once', async () => {
    server.answers['POST operations'] = { status: 202, body: operation() };
    onServer(operation());
    await operations.start('env.clone', { source: 'a', name: 'b' });
    expect([operations.running.length, told]).toEqual([1, ['began op1']]);
  });

  it('resolves whenEnded with the end, however it came', async () => {
    onServer(operation());
    await operations.refresh();
    const end = operations.whenEnded('op1');
    onServer(operation({ state: 'cancelled' }));
    await operations.refresh();
    await expect(end).resolves.toMatchObject({ state: 'cancelled' });
  });

  it('keeps the list when the server does not answer, and says why', async () => {
    onServer(operation());
    await operations.refresh();
    server.down = true;
    await operations.refresh().catch(() => undefined);
    expect([operations.list.length, operations.error?.code]).toEqual([
      1,
      'server_unreachable'
    ]);
  });

  it('forgets a dismissed operation', async () => {
    onServer(operation({ state: 'done' }));
    await operations.refresh();
    server.answers['DELETE operations/op1'] = { status: 204, text: '' };
    onServer();
    await operations.dismiss('op1');
    expect(operations.list).toEqual([]);
  });
});

describe('fraction', () => {
  it('measures by bytes, else by files, else not at all', () => {
    const none = { files: null, bytes: null };
    expect([
      fraction(operation()),
      fraction(operation({ total: { files: 48_620, bytes: null } })),
      fraction(operation({ total: none }))
    ]).toEqual([0.62, 0.5, null]);
  });

  it('is never more than all', () => {
    const more = { files: 0, bytes: 2_000_000_000 };
    expect(fraction(operation({ done: more }))).toBe(1);
  });
});
