import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { consoleIcon, notebookIcon } from '@jupyterlab/ui-components';
import { DisposableSet } from '@lumino/disposable';

import { argsOf, CommandIDs, IEnvironmentArgs } from '../commands';
import { IModelArtsNb } from '../tokens';

const NOTEBOOK = 'modelarts-nb:launch-notebook';
const CONSOLE = 'modelarts-nb:launch-console';

/** The launcher draws every card at once; more than these slow it down. */
const MOST = 100;

/** A notebook and a console for each environment, under a category of our own. */
export const launcher: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:launcher',
  description: 'Adds environments to the launcher.',
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
    const nameOf = (args: object) =>
      argsOf<IEnvironmentArgs>({ ...args }).name ?? '';
    commands.addCommand(NOTEBOOK, {
      label: args => nameOf(args),
      caption: args => trans.__('A notebook in %1', nameOf(args)),
      icon: notebookIcon,
      execute: args => commands.execute(CommandIDs.openNotebook, args)
    });
    commands.addCommand(CONSOLE, {
      label: args => trans.__('%1: console', nameOf(args)),
      caption: args => trans.__('A console in %1', nameOf(args)),
      icon: consoleIcon,
      execute: args => commands.execute(CommandIDs.openConsole, args)
    });

    let shown = new DisposableSet();
    let before = '';
    inventory.changed.connect(() => {
      const names = (inventory.view.environments ?? [])
        .filter(item => item.where === 'disk' && item.kernel === 'ready')
        .map(item => item.name)
        .slice(0, MOST);
      if (names.join('/') === before) {
        return;
      }
      before = names.join('/');
      shown.dispose();
      shown = new DisposableSet();
      names.forEach((name, rank) => {
        for (const [place, command] of [NOTEBOOK, CONSOLE].entries()) {
          shown.add(
            cards.add({
              command,
              args: { name },
              category: 'ModelArts NB',
              rank: place * MOST + rank
            })
          );
        }
      });
    });
  }
};
