import { Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';

import { IOperation } from '../api/types';
import { CommandIDs } from '../commands';
import { IModelArtsNb } from '../tokens';
import { Act, cloudNextSteps, cloudRemedies, unregistered } from './cloudSteps';
import { endsInDialog, percentOf } from './model';
import { sealedNextSteps } from './sealedSteps';
import { errorTitle, readsEnglish } from '../serverWords';
import { operationEnd, operationTitle } from '../words';
import { ApiError } from '../api/request';

/** How long a good end is shown, in ms; a bad one stays. */
const GOOD_END = 8000;

/** Verbs whose result is an environment to work in. */
const MAKES_ENVIRONMENT = new Set([
  'env.create',
  'env.clone',
  'env.unpack',
  'env.seal',
  'env.open',
  'bin.restore'
]);

/** One notification an operation: in progress, then how it ended and what next. */
export function notifyOperations(
  nb: IModelArtsNb,
  commands: CommandRegistry
): void {
  const { operations, trans } = nb;
  const shown = new Map<string, { notification: string; percent: number }>();

  const begin = (operation: IOperation) => {
    const notification = Notification.emit(
      operationTitle(operation, trans),
      'in-progress',
      { autoClose: false, progress: 0 }
    );
    shown.set(operation.id, { notification, percent: 0 });
  };

  operations.began.connect((_, operation) => {
    if (!endsInDialog(operation)) {
      begin(operation);
    }
  });

  operations.changed.connect(() => {
    for (const operation of operations.running) {
      const entry = shown.get(operation.id);
      const percent = percentOf(operation) ?? 0;
      if (entry && percent !== entry.percent) {
        entry.percent = percent;
        Notification.update({
          id: entry.notification,
          message: runningMessage(operation, nb),
          progress: percent / 100
        });
      }
    }
  });

  operations.ended.connect((_, operation) => {
    if (endsInDialog(operation)) {
      return;
    }
    const entry = shown.get(operation.id);
    shown.delete(operation.id);
    const end = endOf(operation, nb, commands);
    const known = entry && Notification.manager.has(entry.notification);
    if (known) {
      Notification.update({ id: entry.notification, ...end });
    } else if (end.type !== 'success' || end.actions.length) {
      // The user closed it; only what they can act on comes back.
      Notification.emit(end.message, end.type, {
        autoClose: end.autoClose,
        actions: end.actions
      });
    }
  });
}

/** What runs; where a kernel waits for it, also for how long. */
function runningMessage(operation: IOperation, nb: IModelArtsNb): string {
  const { verb, seconds_left: left } = operation;
  const title = operationTitle(operation, nb.trans);
  return verb === 'env.fill' && left !== null
    ? `${title} · ${nb.format.left(left)}`
    : title;
}

interface IEnd {
  message: string;
  type: 'success' | 'error' | 'info' | 'warning';
  autoClose: number | false;
  actions: Notification.IAction[];
}

function endOf(
  operation: IOperation,
  nb: IModelArtsNb,
  commands: CommandRegistry
): IEnd {
  const { trans } = nb;
  const title = operationTitle(operation, trans);
  const message = `${title}: ${operationEnd(operation, trans)}`;
  const act: Act = (label, command, args) => ({
    label,
    callback: () => void commands.execute(command, args)
  });
  switch (operation.state) {
    case 'done': {
      const problem = unregistered(operation);
      const actions = nextSteps(operation, nb, act);
      return problem
        ? {
            message: [
              trans.__('The hook is on the disk, but not registered.'),
              errorTitle(problem, trans)
            ].join(' '),
            type: 'warning',
            autoClose: false,
            actions
          }
        : { message, type: 'success', autoClose: GOOD_END, actions };
    }
    case 'cancelled':
      return { message, type: 'info', autoClose: GOOD_END, actions: [] };
    default: {
      const error = operation.error ? new ApiError(operation.error, 500) : null;
      return {
        message: error
          ? [
              `${title}: ${errorTitle(error, trans)}`,
              readsEnglish(trans) ? error.message : ''
            ]
              .join(' ')
              .trim()
          : message,
        type: 'error',
        autoClose: false,
        actions: [
          ...cloudRemedies(operation, nb, act),
          act(trans.__('Show log'), CommandIDs.showLog, { id: operation.id })
        ]
      };
    }
  }
}

function nextSteps(
  operation: IOperation,
  nb: IModelArtsNb,
  act: Act
): Notification.IAction[] {
  const { trans } = nb;
  const result = operation.result;
  const field = (key: string): string | null => {
    const value =
      result && typeof result === 'object' && !Array.isArray(result)
        ? result[key]
        : null;
    return typeof value === 'string' ? value : null;
  };
  const name = field('name') ?? String(operation.params.name ?? '');
  const entry = field('entry');
  if (operation.verb === 'env.remove' && entry) {
    return [
      act(trans.__('Undo'), CommandIDs.restoreEnvironment, { entry, name })
    ];
  }
  if (operation.verb.startsWith('ssh.') || operation.verb === 'hook.install') {
    return cloudNextSteps(operation, nb, act);
  }
  const sealed = sealedNextSteps(operation, nb, act);
  if (sealed.length) {
    return sealed;
  }
  if (MAKES_ENVIRONMENT.has(operation.verb) && name) {
    return [act(trans.__('Open notebook'), CommandIDs.openNotebook, { name })];
  }
  return [];
}
