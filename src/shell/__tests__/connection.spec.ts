import { FakeServer } from '../../__tests__/server';
import { JobClient } from '../../api/jobClient';
import { ShellConnection } from '../connection';

/** The browser's end of a channel, at the far edge. */
class FakeSocket {
  static all: FakeSocket[] = [];
  binaryType = '';
  readyState = WebSocket.OPEN;
  readonly sent: unknown[] = [];
  onopen: () => void = () => undefined;
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onclose: () => void = () => undefined;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(data: unknown): void {
    this.sent.push(typeof data === 'string' ? JSON.parse(data) : data);
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
  }

  /** What the server sends. */
  hear(message: object | string): void {
    const data =
      typeof message === 'string'
        ? new TextEncoder().encode(message).buffer
        : JSON.stringify(message);
    this.onmessage({ data });
  }
}

const SHELL = {
  id: 's1',
  state: 'open',
  attached: false,
  started: '',
  job: 'j1',
  job_name: 'mine',
  task: 'worker-0',
  transport: 'ssh'
};

function begin(id?: string) {
  FakeSocket.all = [];
  const server = new FakeServer();
  Object.assign(server.settings, {
    WebSocket: FakeSocket,
    wsUrl: 'ws://lab.test/user/me/'
  });
  server.answers['POST shells'] = { status: 201, body: SHELL };
  server.answers['GET shells/s1'] = { body: SHELL };
  server.answers['DELETE shells/s1'] = { status: 204, text: '' };
  const connection = new ShellConnection(
    new JobClient(server.settings),
    { job: 'j1', task: 'worker-0' },
    id
  );
  let shown = '';
  connection.messageReceived.connect((_, message) => {
    shown += String(message.content?.[0]);
  });
  return { server, connection, shown: () => shown };
}

const size = (rows: number, columns: number) => ({
  type: 'set_size' as const,
  content: [rows, columns, 0, 0]
});
const keys = (text: string) => ({ type: 'stdin' as const, content: [text] });
const settle = () => new Promise(done => setTimeout(done));

/** An open session and its channel. */
async function opened() {
  const world = begin();
  world.connection.send(size(40, 120));
  await settle();
  const [socket] = FakeSocket.all;
  socket.onopen();
  socket.hear({ type: 'attached', offset: 0 });
  return { ...world, socket };
}

const texts = (sent: unknown[]) =>
  sent
    .filter(one => ArrayBuffer.isView(one))
    .map(one => new TextDecoder().decode(one as Uint8Array))
    .join('');

describe('the session behind a terminal', () => {
  it('is opened when its size is known, with that size', async () => {
    const { server, connection } = begin();
    await settle();
    expect(server.asked).toEqual([]);

    connection.send(size(40, 120));
    await settle();

    expect(server.asked).toEqual([
      {
        method: 'POST',
        path: 'shells',
        body: { job: 'j1', task: 'worker-0', rows: 40, columns: 120 }
      }
    ]);
    expect(FakeSocket.all[0].url).toBe(
      'ws://lab.test/user/me/modelarts-nb/api/shells/s1/channel?'
    );
  });

  it('tells a new size once, and types what is typed', async () => {
    const { connection, socket } = await opened();

    connection.send(size(50, 90));
    connection.send(size(50, 90));
    connection.send(keys('ls ü\r'));

    expect(socket.sent[0]).toEqual({ type: 'resize', rows: 50, columns: 90 });
    expect(texts(socket.sent)).toBe('ls ü\r');
    expect(socket.sent).toHaveLength(2);
  });

  it('keeps what is typed while it is being opened', async () => {
    const { connection } = begin();
    connection.send(size(40, 120));
    connection.send(keys('ls\r'));
    await settle();
    const [socket] = FakeSocket.all;
    expect(socket.sent).toEqual([]);
    socket.hear({ type: 'attached', offset: 0 });

    expect(texts(socket.sent)).toBe('ls\r');
  });

  it('puts characters together that were cut between two messages', async () => {
    const { socket, shown } = await opened();
    const bytes = new TextEncoder().encode('中');

    socket.onmessage({ data: bytes.slice(0, 1).buffer });
    socket.onmessage({ data: bytes.slice(1).buffer });

    expect(shown()).toBe('中');
  });

  it('says how far it has come only when that has been drawn', async () => {
    const { connection, socket } = await opened();
    const waiting: (() => void)[] = [];
    connection.drawn = done => waiting.push(done);

    socket.hear('12345');
    expect(socket.sent).toEqual([]);
    waiting.forEach(done => done());

    expect(socket.sent).toEqual([{ type: 'shown', bytes: 5 }]);
  });

  it('does not type further ahead than the container has taken', async () => {
    const { connection, socket } = await opened();
    const text = 'x'.repeat(200_000);

    connection.send(keys(text));
    expect(texts(socket.sent).length).toBe(64 << 10);
    for (let taken = 0; taken < 200_000; taken += 16 << 10) {
      socket.hear({ type: 'took', bytes: 16 << 10 });
    }

    expect(texts(socket.sent)).toBe(text);
  });

  it('shows the exit code, forgets the session and takes no more keys', async () => {
    const { connection, socket } = await opened();

    socket.hear({ type: 'ended', exit_code: 7, signal: '' });
    connection.send(keys('rm -rf ~\r'));

    expect(connection.state).toEqual({
      kind: 'ended',
      exitCode: 7,
      signal: ''
    });
    expect(connection.id).toBeUndefined();
    expect(socket.sent).toEqual([]);
  });

  it('opens a new session where the connection into the container was lost', async () => {
    const { connection, socket, server } = await opened();
    socket.hear({
      type: 'lost',
      error: { code: 'connection_lost', message: 'Gone.', hint: '' }
    });
    expect(connection.state).toMatchObject({ kind: 'failed' });
    expect(server.asked).toHaveLength(1);

    await connection.reconnect();
    FakeSocket.all[1].hear({ type: 'attached', offset: 0 });

    expect(server.asked.map(({ method }) => method)).toEqual(['POST', 'POST']);
    expect(connection.state.kind).toBe('open');
  });

  it('finds the session again when only the channel broke, without a gap', async () => {
    jest.useFakeTimers();
    try {
      const world = begin();
      world.connection.send(size(40, 120));
      await jest.advanceTimersByTimeAsync(1);
      const [socket] = FakeSocket.all;
      socket.hear({ type: 'attached', offset: 0 });
      socket.hear('12345');

      socket.onclose();
      expect(world.connection.state.kind).toBe('broken');
      await jest.advanceTimersByTimeAsync(400);
      const again = FakeSocket.all[1];
      again.onopen();
      again.hear({ type: 'attached', offset: 5 });
      again.hear('678');

      expect(again.url).toContain('channel?offset=5');
      expect(world.shown()).toBe('12345678');
      expect(again.sent[0]).toEqual({ type: 'resize', rows: 40, columns: 120 });
      expect(world.connection.state.kind).toBe('open');
    } finally {
      jest.useRealTimers();
    }
  });

  it('clears the screen where what follows does not join what is there', async () => {
    const { socket, shown } = await opened();
    socket.hear('old');

    socket.hear({ type: 'attached', offset: 100 });
    socket.hear('new');

    expect(shown()).toBe('old\x1bcnew');
  });

  it('of a session that has ended meanwhile says so, and opens none by itself', async () => {
    const { server, connection } = begin('s1');
    server.answers['GET shells/s1'] = {
      status: 404,
      body: { code: 'shell_not_found', message: 'It has ended.' }
    };

    connection.send(size(40, 120));
    await settle();

    expect(connection.state).toMatchObject({
      kind: 'failed',
      error: { code: 'shell_not_found' }
    });
    expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
  });

  it('tells why a shell is refused', async () => {
    const { server, connection } = begin();
    server.answers['POST shells'] = {
      status: 409,
      body: { code: 'shell_refused', message: 'Not running.', hint: 'Wait.' }
    };

    connection.send(size(40, 120));
    await settle();

    expect(connection.state).toMatchObject({
      kind: 'failed',
      error: { message: 'Not running.', hint: 'Wait.' }
    });
  });

  it('hangs up when its tab is closed, also while it is being opened', async () => {
    const { connection, server } = begin();
    connection.send(size(40, 120));
    await connection.shutdown();
    await settle();
    await settle();

    expect(server.asked.map(({ method }) => method)).toEqual([
      'POST',
      'DELETE'
    ]);
    expect(FakeSocket.all).toEqual([]);
  });

  it('leaves it to another tab that took it, and can take it back', async () => {
    const { connection, socket, server } = await opened();

    socket.hear({ type: 'taken' });
    expect(connection.state.kind).toBe('taken');
    await connection.reconnect();

    expect(server.asked.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(FakeSocket.all).toHaveLength(2);
  });
});
