import { INotebook } from '../../api/cloudTypes';
import { unsavedOf } from '../../sealed/state';
import { IModelArtsNb } from '../../tokens';
import { confirmed } from '../confirm';
import { askBeforeLosing } from '../sealed/unsaved';

/** What a stop of this very notebook takes away, as far as is known. */
export function whatIsLost(nb: IModelArtsNb, kernels: number): string[] {
  const { trans, inventory, operations, cloud } = nb;
  const { status } = inventory.view;
  const running = operations.running.length;
  const lost = status?.lost ?? [];
  const safe =
    cloud.view.hook?.registration?.registered ?? status?.hook?.installed;
  return [
    trans.__(
      'This is the notebook you are in: this page and everything in memory go away. What lies outside of the persistent disk is lost, the home folder too.'
    ),
    lost.length
      ? trans.__('Environments that are not kept yet: %1.', lost.join(', '))
      : '',
    kernels ? trans._n('%1 kernel ends.', '%1 kernels end.', kernels) : '',
    running
      ? trans._n(
          '%1 operation is cut off.',
          '%1 operations are cut off.',
          running
        )
      : '',
    safe
      ? ''
      : trans.__(
          'The restart hook is not registered: kernels and settings do not come back by themselves.'
        ),
    trans.__('It has to be started again from the console or elsewhere.')
  ].filter(Boolean);
}

/** Ask before a notebook is stopped. */
export function confirmStop(
  nb: IModelArtsNb,
  notebook: INotebook,
  own: boolean,
  kernels: number
): Promise<boolean> {
  const { trans, inventory } = nb;
  const unsaved = own ? unsavedOf(inventory.view.environments) : [];
  if (unsaved.length) {
    return askBeforeLosing(nb, {
      title: trans.__('Stop %1?', notebook.name),
      lines: whatIsLost(nb, kernels),
      accept: trans.__('Stop'),
      unsaved,
      act: () => Promise.resolve()
    });
  }
  return confirmed({
    title: trans.__('Stop %1?', notebook.name),
    lines: own
      ? whatIsLost(nb, kernels)
      : [
          trans.__(
            'What runs in it ends. What lies outside of its persistent disk is lost.'
          )
        ],
    accept: trans.__('Stop'),
    danger: true,
    trans
  });
}
