import React from 'react';

import { ApiError } from '../api/request';
import { ErrorBox } from '../dialogs/error';
import { usePanel } from './context';

interface IFailedProps {
  errors: readonly ApiError[];
  onRetry: () => void;
}

/** Why something could not be read, and a way to try again. */
export function Failed(props: IFailedProps): React.ReactElement {
  const { trans } = usePanel();
  return (
    <div className="ma-Pad">
      {props.errors.map(error => (
        <ErrorBox key={error.message} error={error} trans={trans} />
      ))}
      <button type="button" className="ma-Button" onClick={props.onRetry}>
        {trans.__('Try again')}
      </button>
    </div>
  );
}
