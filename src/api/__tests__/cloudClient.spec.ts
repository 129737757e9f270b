import { FakeServer } from '../../__tests__/server';
import { CloudClient } from '../cloudClient';

describe('CloudClient', () => {
  let server: FakeServer;
  let client: CloudClient;

  beforeEach(() => {
    server = new FakeServer();
    client = new CloudClient(server.settings);
  });

  const paths = () =>
    server.asked.map(({ method, path }) => `${method} ${path}`);

  it('encodes what it puts into an address', async () => {
    const body = { notebooks: [], folders: [] };
    server.answers['GET notebooks/a%2Fb%20c'] = { body };
    server.answers['GET shares/s%3F1/folders?path=%2Fa+b&path=%2Fc%26d'] = {
      body
    };
    await client.notebook('a/b c');
    await client.folders('s?1', ['/a b', '/c&d']);
    expect(server.asked).toHaveLength(2);
  });

  it('leaves out what was not said', async () => {
    server.answers['GET ssh'] = { body: {} };
    server.answers['GET ssh?notebook=b&key_file=%7E%2Fk'] = { body: {} };
    await client.ssh();
    await client.ssh('b', '~/k');
    expect(paths()).toEqual(['GET ssh', 'GET ssh?notebook=b&key_file=%7E%2Fk']);
  });

  it('sends a passphrase in the body of its own route, nowhere else', async () => {
    const opened = { opened: ['k'], refused: [] };
    server.answers['POST ssh/keys/k/keep'] = { body: {} };
    server.answers['POST ssh/unlock'] = { body: opened };
    await client.keepKey('k', { passphrase: 'correct horse' });
    await client.keepKey('k', { disk_is_mine: true });
    expect(await client.unlock('correct horse', 'k')).toEqual(opened);
    expect(server.asked.map(({ body }) => body)).toEqual([
      { passphrase: 'correct horse' },
      { disk_is_mine: true },
      { passphrase: 'correct horse', name: 'k' }
    ]);
    expect(paths().join()).not.toContain('horse');
  });
});
