import { InputDialog } from '@jupyterlab/apputils';

import { IEnvironment } from '../api/types';
import { IModelArtsNb } from '../tokens';

/**
 * The environment a command is about: the named one, else the user is asked.
 *
 * @returns undefined when there is none to choose, or the user did not.
 */
export async function chooseEnvironment(
  nb: IModelArtsNb,
  name: string | undefined,
  fits: (environment: IEnvironment) => boolean
): Promise<IEnvironment | undefined> {
  const { inventory, trans } = nb;
  if (name) {
    if (!inventory.view.environments) {
      await inventory.refresh();
    }
    const all = inventory.view.environments ?? [];
    return (
      all.find(item => item.name === name && fits(item)) ??
      all.find(item => item.prefix === name && fits(item))
    );
  }
  const list = (inventory.view.environments ?? []).filter(fits);
  const answer = await InputDialog.getItem({
    title: trans.__('Which environment?'),
    items: list.map(environment => environment.name)
  });
  return answer.button.accept
    ? list.find(environment => environment.name === answer.value)
    : undefined;
}
