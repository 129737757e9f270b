import { nullTranslator } from '@jupyterlab/translation';

import { operation } from '../../__tests__/server';
import { CommandIDs } from '../../commands';
import { IModelArtsNb } from '../../tokens';
import { operationTitle, phaseWord } from '../../words';
import {
  Act,
  cloudNextSteps,
  cloudRemedies,
  unregistered
} from '../cloudSteps';

const trans = nullTranslator.load('modelarts_nb');
const nb = { trans } as IModelArtsNb;

type Made = ReturnType<Act>;
let offered: unknown[];
const act: Act = (label, command, args) => {
  offered.push([label, command, args]);
  return { label, callback: () => undefined } as Made;
};

beforeEach(() => (offered = []));

describe('after the cloud did what was asked', () => {
  it('what to paste on the laptop is one click away', () => {
    const params = { public_key: 'ssh-rsa A', notebook: 'demo' };
    cloudNextSteps(operation({ verb: 'ssh.setup', params }), nb, act);
    expect(offered).toEqual([
      ['For the laptop…', CommandIDs.showSsh, { notebook: 'demo' }]
    ]);
  });

  it('a hook that could not be registered is to be pasted', () => {
    const done = operation({
      verb: 'hook.install',
      state: 'done',
      result: { problem: { code: 'no_credentials', message: 'none' } }
    });
    expect(unregistered(done)?.code).toBe('no_credentials');
    cloudNextSteps(done, nb, act);
    expect(offered).toEqual([
      ['What to paste…', CommandIDs.showHookCommand, {}]
    ]);
    const fine = operation({ verb: 'hook.install', result: { problem: null } });
    expect(unregistered(fine)).toBeNull();
  });
});

describe('after the cloud refused', () => {
  it('a mount is tried again with all that was typed', () => {
    const params = { source: 'obs://b/', path: '/data/b', category: 'OBS' };
    cloudRemedies(operation({ verb: 'storage.mount', params }), nb, act);
    expect(offered).toEqual([['Try again…', CommandIDs.mountStorage, params]]);
  });

  it('a restart is offered, but never of this very notebook', () => {
    const error = { code: 'must_be_stopped', message: 'stop it' };
    const params = { public_key: 'ssh-rsa A', notebook: 'other' };
    cloudRemedies(operation({ verb: 'ssh.setup', params, error }), nb, act);
    expect(offered).toEqual([
      [
        'With a restart…',
        CommandIDs.setupSsh,
        { notebook: 'other', publicKey: 'ssh-rsa A', restart: true }
      ]
    ]);
    offered = [];
    const used = { key_pairs: ['laptop'], notebook: 'other' };
    cloudRemedies(operation({ verb: 'ssh.use', params: used, error }), nb, act);
    expect(offered).toEqual([
      [
        'With a restart…',
        CommandIDs.useKey,
        { notebook: 'other', restart: true, name: 'laptop' }
      ]
    ]);
    offered = [];
    const here = { public_key: 'ssh-rsa A' };
    cloudRemedies(
      operation({ verb: 'ssh.setup', params: here, error }),
      nb,
      act
    );
    expect(offered).toEqual([]);
  });
});

describe('operations of the cloud in words', () => {
  const title = (verb: string, params = {}) =>
    operationTitle(operation({ verb, params }), trans);

  it('name what they are about', () => {
    expect([
      title('notebook.start', { notebook: 'a' }),
      title('notebook.stop'),
      title('notebook.keep_alive', { hours: 8 }),
      title('storage.mount', { source: 'obs://b/', path: '/data/b' }),
      title('ssh.setup', {
        notebook: '22222222-2222-2222-2222-222222222222'
      })
    ]).toEqual([
      'Starting a',
      'Stopping this notebook',
      'Keeping this notebook alive for 8 h',
      'Mounting obs://b/ at /data/b',
      'Setting up SSH to 22222222'
    ]);
  });

  it('do not call the registration of a hook one of a kernel', () => {
    expect([
      phaseWord('registering', trans),
      phaseWord('registering', trans, 'hook.install')
    ]).toEqual(['registering the kernel', 'registering the hook']);
  });
});
