import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';

import { CommandIDs } from '../commands';
import { IModelArtsNb } from '../tokens';

const LISTS_PACKAGES =
  /(^|[-_.])(environment|env)[^/]*\.ya?ml$|requirements[^/]*\.txt$/i;
const IS_ARCHIVE = /\.(tar\.zst|tar\.gz|tgz|squashfs)$/i;

/** Whether an environment can be made from a file of this name. */
export function listsPackages(path: string): boolean {
  return LISTS_PACKAGES.test(PathExt.basename(path));
}

/** Whether a file of this name may be a packed environment. */
export function isArchive(path: string): boolean {
  return IS_ARCHIVE.test(path);
}

/** "Create environment" and "Unpack" in the file browser's context menu. */
export const fileBrowser: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:file-browser',
  description: 'Creates and unpacks environments from the file browser.',
  autoStart: true,
  requires: [IModelArtsNb],
  optional: [IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    nb: IModelArtsNb,
    factory: IFileBrowserFactory | null
  ) => {
    if (!factory) {
      return;
    }
    const { trans } = nb;
    const { commands } = app;
    const chosen = (): string | null => {
      const items = [...(factory.tracker.currentWidget?.selectedItems() ?? [])];
      return items.length === 1 && items[0].type !== 'directory'
        ? items[0].path
        : null;
    };
    // The server takes relative paths as relative to its root folder.
    const onServer = (path: string) =>
      app.serviceManager.contents.localPath(path);

    commands.addCommand(CommandIDs.createFromFile, {
      label: trans.__('New Environment from This File…'),
      isVisible: () => listsPackages(chosen() ?? ''),
      execute: () => {
        const path = chosen();
        return (
          path &&
          commands.execute(CommandIDs.createEnvironment, {
            file: onServer(path)
          })
        );
      }
    });
    commands.addCommand(CommandIDs.unpackFile, {
      label: trans.__('Unpack as an Environment…'),
      isVisible: () => isArchive(chosen() ?? ''),
      execute: () => {
        const path = chosen();
        return (
          path &&
          commands.execute(CommandIDs.unpackArchive, { file: onServer(path) })
        );
      }
    });
  }
};
