import React from 'react';

import { IDisk } from '../api/types';
import { baseName } from '../words';
import { usePanel } from './context';

/** A disk that answers slower than this makes itself felt, in ms. */
const SLOW_MS = 20;

/** The persistent disk: use, free space, latency. */
export function Disk({ disk }: { disk: IDisk }): React.ReactElement | null {
  const { trans, format } = usePanel();
  const { total, free, latency_ms: latency } = disk;
  if (disk.error || !disk.exists) {
    return null;
  }
  const used = total && free !== null ? 1 - free / total : null;
  const tight = used !== null && used > 0.95;
  const kind = [disk.kind, disk.fstype].filter(Boolean).join(', ');
  return (
    <div
      className="ma-Disk"
      title={[disk.root, kind].filter(Boolean).join('\n')}
    >
      <span className="ma-Disk-name">{baseName(disk.root)}</span>
      {used !== null && (
        <Bar
          value={used}
          label={trans.__('Used space of the persistent disk')}
          tight={tight}
        />
      )}
      {free !== null && (
        <span className={tight ? 'ma-number ma-strong' : 'ma-number'}>
          {trans.__('%1 free', format.bytes(free))}
        </span>
      )}
      {latency !== null && (
        <span
          className={
            latency > SLOW_MS ? 'ma-number ma-strong' : 'ma-number ma-muted'
          }
          title={trans.__('How long the disk takes to answer')}
        >
          {format.latency(latency)}
        </span>
      )}
    </div>
  );
}

interface IBarProps {
  value: number;
  label: string;
  tight?: boolean;
}

/** How full something is. */
export function Bar({ value, label, tight }: IBarProps): React.ReactElement {
  const percent = Math.round(value * 100);
  return (
    <div
      className={tight ? 'ma-Bar ma-mod-tight' : 'ma-Bar'}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}
