import { nullTranslator } from '@jupyterlab/translation';

import { environment, operation, sealed } from '../../__tests__/server';
import { IEnvironment, IOperation } from '../../api/types';
import { CommandIDs } from '../../commands';
import { IModelArtsNb } from '../../tokens';
import { isPreview } from '../model';
import { sealedNextSteps } from '../sealedSteps';

/** The commands that are offered after an operation on `mine`. */
function offered(verb: string, ...environments: IEnvironment[]): string[] {
  const commands: string[] = [];
  const nb = {
    trans: nullTranslator.load('modelarts_nb'),
    inventory: {
      view: { environments },
      find: (name: string) => environments.find(item => item.name === name)
    }
  } as unknown as IModelArtsNb;
  const done: IOperation = operation({
    verb,
    params: { name: 'mine' },
    state: 'done'
  });
  sealedNextSteps(done, nb, (label, command) => {
    commands.push(command);
    return { label, callback: () => undefined };
  });
  return commands;
}

const MINE = sealed({ name: 'mine' });

describe('what is offered next', () => {
  it.each([
    ['env.rollback', [MINE], [CommandIDs.undoChange]],
    ['env.undo', [MINE], [CommandIDs.undoChange]],
    ['env.save', [MINE], [CommandIDs.showVersions]],
    ['env.install', [MINE], [CommandIDs.saveVersion]],
    ['env.install', [environment({ name: 'mine' })], []],
    ['bin.empty', [MINE], [CommandIDs.collectImages]],
    ['bin.empty', [environment({ name: 'mine' })], []],
    ['env.clone', [MINE], []]
  ])('after %s', (verb, environments, expected) => {
    expect(offered(verb, ...environments)).toEqual(expected);
  });
});

describe('freeing images', () => {
  it('is no news while it only looks', () => {
    const gc = (params: IOperation['params']) =>
      isPreview(operation({ verb: 'env.gc', params }));
    expect([gc({}), gc({ yes: false }), gc({ yes: true })]).toEqual([
      true,
      true,
      false
    ]);
  });
});
