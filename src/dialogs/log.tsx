import React from 'react';

import { ApiError, asApiError } from '../api/request';
import { IModelArtsNb } from '../tokens';
import { operationTitle } from '../words';
import { CopyButton, ErrorBox } from './error';
import { show } from './form';

/** How often an unfinished log is read on, in ms. */
const READ_ON = 1000;

/** The log of an operation in a dialog, growing while it runs. */
export async function showLog(nb: IModelArtsNb, id: string): Promise<void> {
  const { trans, operations } = nb;
  const operation = operations.list.find(item => item.id === id);
  await show(
    operation ? operationTitle(operation, trans) : trans.__('Log'),
    <>
      {operation?.error && (
        <ErrorBox error={new ApiError(operation.error, 500)} trans={trans} />
      )}
      <LogView nb={nb} id={id} />
    </>,
    trans
  );
}

/** The growing text of a log. */
export function LogView(props: {
  nb: IModelArtsNb;
  id: string;
}): React.ReactElement {
  const { nb, id } = props;
  const { client, operations, trans } = nb;
  const [text, setText] = React.useState('');
  const [error, setError] = React.useState<unknown>(null);
  const end = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    let offset = 0;
    let timer = 0;
    let gone = false;
    const read = async () => {
      try {
        const part = await client.log(id, offset);
        if (gone) {
          return;
        }
        offset = part.offset;
        if (part.text) {
          setText(old => old + part.text);
        }
        const running = operations.running.some(item => item.id === id);
        if (running || part.text) {
          timer = window.setTimeout(() => void read(), READ_ON);
        }
      } catch (reason) {
        if (!gone) {
          setError(reason);
        }
      }
    };
    void read();
    return () => {
      gone = true;
      window.clearTimeout(timer);
    };
  }, [client, operations, id]);
  React.useEffect(() => {
    end.current?.scrollTo({ top: end.current.scrollHeight });
  }, [text]);
  return (
    <div className="ma-Log">
      {error ? <ErrorBox error={asApiError(error)} trans={trans} /> : null}
      <pre
        ref={end}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log')}
      >
        {text || trans.__('Nothing was logged yet.')}
      </pre>
      {text && <CopyButton text={text} trans={trans} />}
    </div>
  );
}
