import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ApiError } from '../api/request';
import {
  errorHint,
  errorTitle,
  readsEnglish,
  textMatters
} from '../serverWords';

interface IErrorBoxProps {
  error: ApiError;
  trans: TranslationBundle;
  /** Somebody else shows the title. */
  untitled?: boolean;
}

/** What happened, why, what to do; the technical part folds out and can be copied. */
export function ErrorBox(props: IErrorBoxProps): React.ReactElement {
  const { error, trans, untitled } = props;
  const title = errorTitle(error, trans);
  const hint = errorHint(error, trans);
  // The browser's own errors say all by title and hint.
  const ours = error.code.startsWith('server_');
  const message = ours || error.message === title ? '' : error.message;
  const english = readsEnglish(trans);
  const technical = [
    english ? '' : message,
    english || ours ? '' : error.hint,
    error.technical
  ]
    .filter(Boolean)
    .join('\n');
  return (
    <div className="ma-ErrorBox" role="alert">
      {!untitled && <strong>{title}</strong>}
      {english && message && <p>{message}</p>}
      {hint && <p>{hint}</p>}
      {technical && (
        <Technical
          text={technical}
          trans={trans}
          open={!english && textMatters(error)}
        />
      )}
    </div>
  );
}

/** Folded text with a button that copies it. */
export function Technical(props: {
  text: string;
  trans: TranslationBundle;
  open?: boolean;
}): React.ReactElement {
  const { text, trans, open } = props;
  return (
    <details className="ma-Technical" open={open}>
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
