import React from 'react';

import { asApiError } from '../api/request';
import { IModelArtsNb } from '../tokens';
import { ErrorBox } from './error';

/** Show what a promise brings, its error, or that it is on its way. */
export function Loaded<T>(props: {
  nb: IModelArtsNb;
  load: () => Promise<T>;
  children: (value: T) => React.ReactElement;
}): React.ReactElement {
  const { nb, load, children } = props;
  const [value, setValue] = React.useState<{ it: T } | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  const once = React.useRef(load);
  React.useEffect(() => {
    once.current().then(it => setValue({ it }), setError);
  }, []);
  const node = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    // The dialog looked for its first field when there was none yet.
    if (value && !node.current?.contains(document.activeElement)) {
      node.current?.querySelector<HTMLElement>('[data-first]')?.focus();
    }
  }, [value]);
  if (error) {
    return <ErrorBox error={asApiError(error)} trans={nb.trans} />;
  }
  return value ? (
    <div ref={node} className="ma-Loaded">
      {children(value.it)}
    </div>
  ) : (
    <p role="status">{nb.trans.__('Reading…')}</p>
  );
}
