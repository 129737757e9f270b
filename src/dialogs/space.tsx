import React from 'react';

import { IModelArtsNb } from '../tokens';

interface ISpaceProps {
  nb: IModelArtsNb;
  /** Bytes and files that will be written, where somebody has counted. */
  size?: number | null;
  files?: number | null;
  /** The verb whose last run tells how long this one may take. */
  like?: string;
}

/** What will be written, what is free, and how long it took the last time. */
export function SpaceLine(props: ISpaceProps): React.ReactElement | null {
  const { nb, size, files, like } = props;
  const { format, trans } = nb;
  const free = nb.inventory.view.status?.disk.free;
  const seconds = files && like ? estimate(nb, like, files) : null;
  const parts = [
    size ? trans.__('%1 to write', format.bytes(size)) : '',
    files ? format.files(files) : '',
    seconds ? trans.__('about %1', format.duration(seconds)) : '',
    typeof free === 'number' ? trans.__('%1 free', format.bytes(free)) : ''
  ].filter(Boolean);
  const short =
    typeof free === 'number' && typeof size === 'number' && size > free;
  return parts.length ? (
    <p className="ma-Form-space">
      {parts.join(' · ')}
      {short && (
        <strong className="ma-strong">
          {' '}
          {trans.__('This will not fit: empty the bin or remove something.')}
        </strong>
      )}
    </p>
  ) : null;
}

function estimate(
  nb: IModelArtsNb,
  verb: string,
  files: number
): number | null {
  const last = nb.operations.list.find(
    operation =>
      operation.verb === verb &&
      operation.state === 'done' &&
      operation.ended &&
      operation.done.files
  );
  if (!last?.ended || !last.done.files) {
    return null;
  }
  const took = (Date.parse(last.ended) - Date.parse(last.started)) / 1000;
  return (took / last.done.files) * files;
}
