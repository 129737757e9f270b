import { InputDialog } from '@jupyterlab/apputils';

import { IKeyPair, INotebook, IStorage } from '../../api/cloudTypes';
import { notebookState } from '../../cloud/words';
import { IModelArtsNb } from '../../tokens';

/**
 * The notebook that a command is about, of those that fit: the named one, else the user is asked.
 *
 * @returns undefined when there is none to choose, or the user did not.
 */
export async function chooseNotebook(
  nb: IModelArtsNb,
  named: string | undefined,
  fits: (notebook: INotebook) => boolean
): Promise<INotebook | undefined> {
  const { cloud, trans } = nb;
  if (!cloud.view.notebooks) {
    await cloud.refresh();
  }
  const all = cloud.view.notebooks ?? [];
  if (named) {
    return (
      all.find(item => item.id === named) ??
      all.find(item => item.name === named)
    );
  }
  return choose(
    all.filter(fits),
    item => `${item.name} · ${notebookState(item.status, trans)}`,
    trans.__('Which notebook?')
  );
}

/** The storage that a command is about. */
export async function chooseStorage(
  nb: IModelArtsNb,
  path: string | undefined
): Promise<IStorage | undefined> {
  const { cloud, trans } = nb;
  if (!cloud.view.storages) {
    await cloud.refresh();
  }
  const all = cloud.view.storages ?? [];
  return path
    ? all.find(item => item.path === path)
    : choose(all, item => item.path, trans.__('Which storage?'));
}

/** The key pair that a command is about. */
export async function chooseKey(
  nb: IModelArtsNb,
  name: string | undefined,
  fits: (pair: IKeyPair) => boolean = () => true
): Promise<IKeyPair | undefined> {
  const { cloud, trans } = nb;
  if (!cloud.view.keys) {
    await cloud.refresh();
  }
  const all = cloud.view.keys ?? [];
  return name
    ? all.find(item => item.name === name)
    : choose(all.filter(fits), item => item.name, trans.__('Which key pair?'));
}

async function choose<T>(
  list: readonly T[],
  label: (item: T) => string,
  title: string
): Promise<T | undefined> {
  const labels = list.map(label);
  const answer = await InputDialog.getItem({ title, items: labels });
  return answer.button.accept
    ? list[labels.indexOf(answer.value ?? '')]
    : undefined;
}
