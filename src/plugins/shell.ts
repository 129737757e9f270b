import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  IThemeManager,
  WidgetTracker
} from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { terminalIcon } from '@jupyterlab/ui-components';
import { IDisposable } from '@lumino/disposable';
import { DockLayout } from '@lumino/widgets';

import { argsOf, CommandIDs, IShellArgs } from '../commands';
import { showTeaching } from '../dialogs/cloud/teaching';
import { ShellManager } from '../shell/manager';
import { ShellWidget } from '../shell/widget';
import { IModelArtsNb } from '../tokens';
import { tell } from './addCommand';

const CATEGORY = 'ModelArts NB';
const TERMINALS = '@jupyterlab/terminal-extension:plugin';
/** Of JupyterLab's terminal settings those that are about how it looks. */
const LOOKS = [
  'fontFamily',
  'fontSize',
  'lineHeight',
  'theme',
  'screenReaderMode',
  'scrollback',
  'macOptionIsMeta'
];

/** Terminals in the containers of running jobs. */
export const shell: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:shell',
  description: 'Opens Cloud Shells as terminal tabs.',
  autoStart: true,
  requires: [IModelArtsNb],
  optional: [
    ICommandPalette,
    ILayoutRestorer,
    ILauncher,
    IThemeManager,
    ISettingRegistry,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    nb: IModelArtsNb,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    launcher: ILauncher | null,
    themes: IThemeManager | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const { trans } = nb;
    const { commands } = app;
    const manager = new ShellManager(nb, translator ?? nullTranslator);
    const tracker = new WidgetTracker<ShellWidget>({
      namespace: 'modelarts-nb-shell'
    });

    manager.made.connect((_, widget) => {
      void tracker.add(widget);
      // The session's id is known only when it is open.
      widget.connection.stateChanged.connect(() => void tracker.save(widget));
    });

    commands.addCommand(CommandIDs.openShell, {
      label: args => label(argsOf<IShellArgs>(args), nb),
      caption: trans.__('A terminal in the container of a running job'),
      icon: args => (args.isLauncher ? terminalIcon : undefined),
      execute: async args => {
        try {
          if (nb.cloud.absent && !args.shell) {
            await showTeaching(nb);
            return;
          }
          const widgets = await manager.open(argsOf<IShellArgs>(args));
          show(app, widgets);
        } catch (reason) {
          await tell(nb, reason);
        }
      }
    });
    palette?.addItem({ command: CommandIDs.openShell, category: CATEGORY });
    void restorer?.restore(tracker, {
      command: CommandIDs.openShell,
      args: widget => widget.args,
      name: widget => `${widget.connection.where.job}:${widget.connection.name}`
    });

    themes?.themeChanged.connect(() => {
      for (const { content } of manager.widgets) {
        if (content.getOption('theme') === 'inherit') {
          content.setOption('theme', 'inherit');
        }
      }
    });
    // JupyterLab without terminals has no such settings.
    void settings?.load(TERMINALS).then(
      loaded => {
        const read = () => {
          const found = Object.entries(loaded.composite);
          manager.options = Object.fromEntries(
            found.filter(([key]) => LOOKS.includes(key))
          );
        };
        read();
        loaded.changed.connect(read);
      },
      () => undefined
    );

    let card: IDisposable | null = null;
    nb.cloud.changed.connect(() => {
      if (nb.cloud.present && !card && launcher) {
        card = launcher.add({
          command: CommandIDs.openShell,
          args: { isLauncher: true },
          category: CATEGORY,
          rank: 3
        });
      } else if (!nb.cloud.present) {
        card?.dispose();
        card = null;
      }
    });
  }
};

function label(args: IShellArgs, { trans }: IModelArtsNb): string {
  if (args.allTasks) {
    return trans.__('Shells in All Tasks');
  }
  if (args.task) {
    return trans.__('Shell in %1', args.task);
  }
  return args.job ? trans.__('Shell') : trans.__('Cloud Shell');
}

/** The first as a tab, the others beside it. */
function show(app: JupyterFrontEnd, widgets: readonly ShellWidget[]): void {
  const modes: DockLayout.InsertMode[] = ['split-right', 'split-bottom'];
  let before: ShellWidget | null = null;
  for (const [at, widget] of widgets.entries()) {
    if (!widget.isAttached) {
      app.shell.add(
        widget,
        'main',
        before ? { mode: modes[(at - 1) % 2], ref: before.id } : {}
      );
    }
    before = widget;
  }
  if (widgets.length) {
    app.shell.activateById(widgets[0].id);
  }
}
