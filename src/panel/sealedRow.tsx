import React from 'react';

import { IEnvironment } from '../api/types';
import { percentOf } from '../operations/model';
import { sealedWord, unsavedHover } from '../sealed/words';
import { usePanel, useSignal } from './context';

/** `sealed v3`, before what the environment holds. */
export function SealedBadge(props: {
  environment: IEnvironment;
}): React.ReactElement | null {
  const { trans } = usePanel();
  const word = sealedWord(props.environment, trans);
  return word ? <span className="ma-Badge">{word}</span> : null;
}

/** The dot behind a name: there is work that a restart takes. */
export function UnsavedDot(props: {
  environment: IEnvironment;
}): React.ReactElement | null {
  const { environment } = props;
  const { trans } = usePanel();
  return environment.unsaved ? (
    <span
      className="ma-Unsaved"
      title={unsavedHover(environment, trans)}
      aria-hidden="true"
    />
  ) : null;
}

/** How far the copy to the local disk is, while it is made; empty: none is. */
export function useFilling(environment: IEnvironment): string {
  const { operations, trans } = usePanel();
  return useSignal(operations.changed, () => {
    const filling = operations.running.find(
      ({ verb, params }) =>
        verb === 'env.fill' && params.name === environment.name
    );
    if (!filling) {
      return '';
    }
    const percent = percentOf(filling);
    return percent === null
      ? trans.__('coming to the local disk')
      : trans.__('coming to the local disk: %1 %', percent);
  });
}
