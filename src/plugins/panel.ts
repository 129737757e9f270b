import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { CommandIDs } from '../commands';
import { panelIcon } from '../icons';
import { Panel } from '../panel/panel';
import { IModelArtsNb } from '../tokens';

/** The panel in the left side bar. */
export const panel: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:panel',
  description: 'Adds the side panel.',
  autoStart: true,
  requires: [IModelArtsNb],
  optional: [ILayoutRestorer, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    nb: IModelArtsNb,
    restorer: ILayoutRestorer | null,
    shell: ILabShell | null
  ) => {
    const widget = new Panel({ ...nb, commands: app.commands });
    app.commands.addCommand(CommandIDs.openPanel, {
      label: nb.trans.__('Show ModelArts NB'),
      icon: panelIcon,
      execute: () => app.shell.activateById(widget.id)
    });
    restorer?.add(widget, widget.id);
    app.shell.add(widget, 'left', { rank: 350 });
    // What was read long ago is shown at once; the truth is fetched behind it.
    let seen = false;
    shell?.layoutModified.connect(() => {
      if (widget.isVisible && !seen) {
        void nb.inventory.refresh();
      }
      seen = widget.isVisible;
    });
  }
};
