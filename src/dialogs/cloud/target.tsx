import React from 'react';

import { INotebook } from '../../api/cloudTypes';
import { notebookRef, notebookState } from '../../cloud/words';
import { IModelArtsNb } from '../../tokens';
import { CheckField, SelectField } from '../fields';

/** The notebook that a change of SSH is about: `''` is this one. */
export function NotebookField(props: {
  nb: IModelArtsNb;
  notebook: string;
  onChange: (notebook: string) => void;
}): React.ReactElement {
  const { nb, notebook, onChange } = props;
  const { cloud, trans } = nb;
  const { mine, notebooks } = cloud.view;
  const others = (notebooks ?? []).filter(item => item.id !== mine?.id);
  const options = [
    ...(mine
      ? [{ value: '', label: trans.__('%1 (this one)', mine.name) }]
      : []),
    ...others.map(item => ({
      value: notebookRef(item, mine?.id, notebooks ?? []) ?? '',
      label: `${item.name} · ${notebookState(item.status, trans)}`
    }))
  ];
  const known = options.some(option => option.value === notebook);
  return (
    <SelectField
      label={trans.__('Notebook')}
      value={notebook}
      options={
        known
          ? options
          : [{ value: notebook, label: notebook || '—' }, ...options]
      }
      onChange={onChange}
    />
  );
}

/** The notebook of `''` or of a name or id. */
function targetOf(nb: IModelArtsNb, notebook: string): INotebook | undefined {
  const { mine, notebooks } = nb.cloud.view;
  return notebook
    ? notebooks?.find(item => item.id === notebook || item.name === notebook)
    : (mine ?? undefined);
}

/** Why a change cannot be asked for: nobody knows which notebook is meant. */
export function targetProblem(
  nb: IModelArtsNb,
  notebook: string
): string | null {
  return notebook || nb.cloud.view.status?.instance
    ? null
    : nb.trans.__('Choose a notebook.');
}

/** When a changed key pair counts, and the offer to restart for it where that is possible. */
export function RestartField(props: {
  nb: IModelArtsNb;
  notebook: string;
  restart: boolean;
  onChange: (restart: boolean) => void;
}): React.ReactElement | null {
  const { nb, notebook, restart, onChange } = props;
  const { trans } = nb;
  const target = targetOf(nb, notebook);
  if (target && target.status !== 'RUNNING') {
    return null;
  }
  return notebook ? (
    <CheckField
      label={trans.__(
        'Stop it and start it again, so that the key counts now. What runs in it ends.'
      )}
      checked={restart}
      onChange={onChange}
    />
  ) : (
    <p className="ma-Form-space">
      {trans.__(
        'The key counts from the next start of this notebook on. It cannot restart itself: stop and start it in the console, or from another notebook.'
      )}
    </p>
  );
}
