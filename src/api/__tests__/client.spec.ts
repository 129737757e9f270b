import { FakeServer } from '../../__tests__/server';
import { Client } from '../client';
import { ApiError, EXTENSION_MISSING, UNREACHABLE } from '../request';

async function refusalOf(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (reason) {
    expect(reason).toBeInstanceOf(ApiError);
    return reason as ApiError;
  }
  throw new Error('It was not refused.');
}

describe('Client', () => {
  let server: FakeServer;
  let client: Client;

  beforeEach(() => {
    server = new FakeServer();
    client = new Client(server.settings);
  });

  it('keeps message, hint, cause and request id of a refusal', async () => {
    server.answers['POST operations'] = {
      status: 409,
      body: {
        code: 'name_taken',
        message: 'There is mine.',
        hint: 'Choose another name.',
        cause: 'EEXIST',
        request_id: 'r7'
      }
    };
    const error = await refusalOf(client.start('env.clone', { name: 'mine' }));
    expect(error).toMatchObject({
      code: 'name_taken',
      message: 'There is mine.',
      hint: 'Choose another name.',
      technical: 'EEXIST\nrequest r7',
      status: 409
    });
  });

  it('explains a server without our extension', async () => {
    const error = await refusalOf(client.status());
    expect(error.code).toBe(EXTENSION_MISSING);
    expect(error.hint).toContain('ma restore');
  });

  it('takes a login page for a missing extension, not for data', async () => {
    server.answers['GET status'] = { text: '<html>Please log in</html>' };
    const error = await refusalOf(client.status());
    expect(error.code).toBe(EXTENSION_MISSING);
  });

  it('keeps a 404 of ours apart from a missing extension', async () => {
    server.answers['GET environments/gone/packages'] = {
      status: 404,
      body: { code: 'not_found', message: 'No environment gone.', hint: '' }
    };
    const error = await refusalOf(client.packages('gone'));
    expect(error.code).toBe('not_found');
  });

  it('says when the server does not answer', async () => {
    server.down = true;
    const error = await refusalOf(client.operations());
    expect(error.code).toBe(UNREACHABLE);
    expect(error.technical).toContain('Failed to fetch');
  });

  it('says "no permission" of a 403 that says nothing itself', async () => {
    server.answers['GET status'] = { status: 403, text: 'Forbidden' };
    const error = await refusalOf(client.status());
    expect(error.code).toBe('access_denied');
  });

  it('encodes names and prefixes in paths', async () => {
    server.answers['GET environments/%2Fopt%2Fenvs%2Fa%20b/packages'] = {
      body: { packages: [] }
    };
    await expect(client.packages('/opt/envs/a b')).resolves.toEqual([]);
  });

  it('sends verb and parameters, leaving undefined ones out', async () => {
    server.answers['POST operations'] = { status: 202, body: { id: 'x' } };
    await client.start('env.create', { name: 'a', python: undefined });
    expect(server.asked[0].body).toEqual({
      verb: 'env.create',
      params: { name: 'a' }
    });
  });

  it('accepts an answer without content', async () => {
    server.answers['DELETE operations/x'] = { status: 204, text: '' };
    await expect(client.end('x')).resolves.toBeUndefined();
  });
});
