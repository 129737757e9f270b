import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { addIcon, saveIcon } from '@jupyterlab/ui-components';
import { IDisposable } from '@lumino/disposable';

import { CommandIDs } from '../commands';
import { endangered } from '../dialogs/keep';
import { panelIcon } from '../icons';
import { IModelArtsNb } from '../tokens';

const CATEGORY = 'ModelArts NB';

const OPEN = 'modelarts-nb:launch-panel';
const CREATE = 'modelarts-nb:launch-create';
const KEEP = 'modelarts-nb:launch-keep';

/**
 * What to do about environments, under a category of our own.
 *
 * JupyterLab itself has a notebook and a console card for every kernel, ours
 * too, by the environment's name: repeating them would only make a choice of two
 * that are the same.
 */
export const launcher: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:launcher',
  description: 'Adds a new environment, and keeping one, to the launcher.',
  autoStart: true,
  requires: [IModelArtsNb],
  optional: [ILauncher],
  activate: (
    app: JupyterFrontEnd,
    nb: IModelArtsNb,
    cards: ILauncher | null
  ) => {
    if (!cards) {
      return;
    }
    const { inventory, trans } = nb;
    const { commands } = app;
    commands.addCommand(OPEN, {
      label: trans.__('Environments'),
      caption: trans.__('Environments on the disk and in this image'),
      icon: panelIcon,
      execute: () => commands.execute(CommandIDs.openPanel)
    });
    commands.addCommand(CREATE, {
      label: trans.__('New environment'),
      caption: trans.__('An environment that survives a restart'),
      icon: addIcon,
      execute: () => commands.execute(CommandIDs.createEnvironment)
    });
    commands.addCommand(KEEP, {
      label: trans.__('Keep an environment'),
      caption: trans.__('Copy what a restart would take to the disk'),
      icon: saveIcon,
      execute: () => commands.execute(CommandIDs.keepAll)
    });
    for (const [rank, command] of [OPEN, CREATE].entries()) {
      cards.add({ command, category: CATEGORY, rank });
    }

    let keep: IDisposable | null = null;
    inventory.changed.connect(() => {
      const wanted = endangered(nb).length > 0;
      if (wanted && !keep) {
        keep = cards.add({ command: KEEP, category: CATEGORY, rank: 2 });
      } else if (!wanted && keep) {
        keep.dispose();
        keep = null;
      }
    });
  }
};
