import { Notification } from '@jupyterlab/apputils';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { ApiError } from '../api/request';
import { IOperation, IWireError } from '../api/types';
import { CommandIDs } from '../commands';
import { IModelArtsNb } from '../tokens';

/** Makes a button of a notification that runs a command. */
export type Act = (
  label: string,
  command: string,
  args: ReadonlyPartialJSONObject
) => Notification.IAction;

/** What the user does next, after the cloud did what was asked. */
export function cloudNextSteps(
  operation: IOperation,
  nb: IModelArtsNb,
  act: Act
): Notification.IAction[] {
  const { trans } = nb;
  const { verb, params } = operation;
  if (verb === 'ssh.setup' || verb === 'ssh.use') {
    return [
      act(trans.__('For the laptop…'), CommandIDs.showSsh, aboutOf(params))
    ];
  }
  return unregistered(operation)
    ? [act(trans.__('What to paste…'), CommandIDs.showHookCommand, {})]
    : [];
}

/** Why a hook that was installed could not be registered; null where it was. */
export function unregistered({ verb, result }: IOperation): ApiError | null {
  const problem =
    verb === 'hook.install' &&
    result &&
    typeof result === 'object' &&
    !Array.isArray(result)
      ? result.problem
      : null;
  return problem ? new ApiError(problem as unknown as IWireError, 502) : null;
}

/** What may help where the cloud refused. */
export function cloudRemedies(
  { verb, params, error }: IOperation,
  nb: IModelArtsNb,
  act: Act
): Notification.IAction[] {
  const { trans } = nb;
  const say = (key: string) =>
    typeof params[key] === 'string' ? (params[key] as string) : undefined;
  if (verb === 'storage.mount') {
    // With all that was typed.
    return [
      act(trans.__('Try again…'), CommandIDs.mountStorage, {
        category: say('category'),
        source: say('source'),
        path: say('path')
      })
    ];
  }
  // A notebook cannot restart itself.
  if (error?.code === 'must_be_stopped' && params.notebook) {
    const again = { ...aboutOf(params), restart: true };
    const label = trans.__('With a restart…');
    const [pair] = Array.isArray(params.key_pairs) ? params.key_pairs : [];
    if (verb === 'ssh.use' && pair) {
      return [act(label, CommandIDs.useKey, { ...again, name: String(pair) })];
    }
    if (verb === 'ssh.setup') {
      const typed = { publicKey: say('public_key'), name: say('name') };
      return [act(label, CommandIDs.setupSsh, { ...again, ...typed })];
    }
  }
  return [];
}

function aboutOf(params: IOperation['params']): { notebook?: string } {
  return typeof params.notebook === 'string'
    ? { notebook: params.notebook }
    : {};
}
