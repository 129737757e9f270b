import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ApiError } from '../api/request';
import { errorHint, errorTitle } from '../words';

interface IErrorBoxProps {
  error: ApiError;
  trans: TranslationBundle;
}

/** What happened, why, what to do; the technical part folds out and can be copied. */
export function ErrorBox({ error, trans }: IErrorBoxProps): React.ReactElement {
  const title = errorTitle(error, trans);
  const hint = errorHint(error, trans);
  const known = error.status === 0 || error.code.startsWith('server_');
  return (
    <div className="ma-ErrorBox" role="alert">
      <strong>{title}</strong>
      {!(known && error.code !== 'error') && error.message !== title && (
        <p>{error.message}</p>
      )}
      {hint && <p>{hint}</p>}
      {error.technical && <Technical text={error.technical} trans={trans} />}
    </div>
  );
}

/** Folded text with a button that copies it. */
export function Technical(props: {
  text: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { text, trans } = props;
  return (
    <details className="ma-Technical">
      <summary>{trans.__('Technical details')}</summary>
      <pre>{text}</pre>
      <CopyButton text={text} trans={trans} />
    </details>
  );
}

export function CopyButton(props: {
  text: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { text, trans } = props;
  const [copied, setCopied] = React.useState(false);
  return (
    <button
      type="button"
      className="ma-Button"
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
    >
      {copied ? trans.__('Copied') : trans.__('Copy')}
    </button>
  );
}
