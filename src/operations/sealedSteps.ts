import { Notification } from '@jupyterlab/apputils';

import { IOperation } from '../api/types';
import { CommandIDs } from '../commands';
import { isSealed } from '../sealed/state';
import { IModelArtsNb } from '../tokens';
import { Act } from './cloudSteps';

/** Verbs that `undo` takes back. */
const CHANGES_VERSION = new Set(['env.rollback', 'env.undo']);
/** Verbs that change the local copy of a sealed environment, and nothing else. */
const CHANGES_COPY = new Set(['env.install', 'env.uninstall']);

/** What the user may want after something was done with versions. */
export function sealedNextSteps(
  operation: IOperation,
  nb: IModelArtsNb,
  act: Act
): Notification.IAction[] {
  const { trans, inventory } = nb;
  const { verb, params } = operation;
  const name = String(params.name ?? '');
  if (CHANGES_VERSION.has(verb)) {
    return [act(trans.__('Undo'), CommandIDs.undoChange, { name })];
  }
  if (verb === 'env.save') {
    return [act(trans.__('Versions…'), CommandIDs.showVersions, { name })];
  }
  const all = inventory.view.environments ?? [];
  if (CHANGES_COPY.has(verb)) {
    const changed = inventory.find(name);
    return changed && isSealed(changed)
      ? [act(trans.__('Save…'), CommandIDs.saveVersion, { name })]
      : [];
  }
  return verb === 'bin.empty' && all.some(item => item.versions > 0)
    ? [act(trans.__('Free images too…'), CommandIDs.collectImages, {})]
    : [];
}
