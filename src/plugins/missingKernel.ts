import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISessionContextDialogs, Notification } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { IModelArtsNb } from '../tokens';
import { tell } from './addCommand';

/** Our kernels are called so; see `kernel_name` of an environment. */
const PREFIX = 'ma-';

/** A notebook whose kernel is gone: offer to bring it back, or to pick another. */
export const missingKernel: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:missing-kernel',
  description: 'Offers to restore the kernel that a notebook names.',
  autoStart: true,
  requires: [IModelArtsNb],
  optional: [INotebookTracker, ISessionContextDialogs],
  activate: (
    app: JupyterFrontEnd,
    nb: IModelArtsNb,
    tracker: INotebookTracker | null,
    dialogs: ISessionContextDialogs | null
  ) => {
    tracker?.widgetAdded.connect((_, panel) => {
      void look(app, nb, panel, dialogs);
    });
  }
};

async function look(
  app: JupyterFrontEnd,
  nb: IModelArtsNb,
  panel: NotebookPanel,
  dialogs: ISessionContextDialogs | null
): Promise<void> {
  await panel.context.ready;
  const spec = panel.content.model?.getMetadata('kernelspec') as
    { name?: string; display_name?: string } | undefined;
  const kernel = spec?.name ?? '';
  const { kernelspecs } = app.serviceManager;
  await kernelspecs.ready;
  if (!kernel.startsWith(PREFIX) || kernelspecs.specs?.kernelspecs[kernel]) {
    return;
  }
  const { inventory, trans } = nb;
  if (!inventory.heard) {
    await inventory.refresh();
  }
  if (panel.isDisposed) {
    return;
  }
  const lower = kernel.slice(PREFIX.length);
  const environment = inventory.view.environments?.find(
    item => item.where === 'disk' && item.name.toLowerCase() === lower
  );
  const removed = inventory.view.removed?.find(
    item => item.name.toLowerCase() === lower
  );
  const name =
    environment?.name ?? removed?.name ?? spec?.display_name ?? lower;

  const restore = async () => {
    const started = environment
      ? await nb.operations.start('env.register', { name })
      : await nb.operations.start('bin.restore', {
          entry: removed?.entry,
          name
        });
    const ended = await nb.operations.whenEnded(started.id);
    if (ended.state === 'done' && !panel.isDisposed) {
      await kernelspecs.refreshSpecs();
      await panel.sessionContext.changeKernel({ name: kernel });
    }
  };
  const actions: Notification.IAction[] = [];
  if (environment || removed) {
    actions.push({
      label: trans.__('Restore it'),
      displayType: 'accent',
      callback: () => void restore().catch(reason => tell(nb, reason))
    });
  }
  if (dialogs) {
    actions.push({
      label: trans.__('Pick another'),
      callback: () => void dialogs.selectKernel(panel.sessionContext)
    });
  }
  const file = panel.context.path.split('/').pop() ?? '';
  Notification.warning(
    environment
      ? trans.__('%1 ran in %2, whose kernel is missing.', file, name)
      : removed
        ? trans.__('%1 ran in %2, which is in the bin.', file, name)
        : trans.__('%1 ran in %2, which is not on the disk.', file, name),
    { autoClose: false, actions }
  );
}
