import React from 'react';

import { IEnvironment } from '../api/types';
import { sourceOf } from '../dialogs/clone';
import { sealedHover, sealedNews, sealedWord } from '../sealed/words';
import { findingWord } from '../serverWords';
import { dotOf, dotWord, minor, phaseWord } from '../words';
import { usePanel, useRun } from './context';
import { environmentMenu } from './menu';
import { MenuButton } from './menuButton';
import { useRowActions } from './rowActions';
import { primaryOf, RowButtons } from './rowButtons';
import { SealedBadge, UnsavedDot, useFilling } from './sealedRow';

interface IRowProps {
  environment: IEnvironment;
  /** Whether Tab reaches this row. */
  current: boolean;
  /** The environment on the disk that is a copy of this one. */
  copy?: string;
}

/** One environment: a line of facts, a line on what it holds or what is wrong. */
export const Row = React.memo(function Row(props: IRowProps) {
  const { environment, current, copy } = props;
  const { trans, format } = usePanel();
  const run = useRun();
  const { name, python } = environment;
  // What it takes on the persistent disk.
  const size = environment.stored ?? environment.size;
  const filling = useFilling(environment);
  const dot = filling ? 'working' : dotOf(environment);
  const news = filling || sealedNews(environment, trans);
  const tabIndex = current ? 0 : -1;
  const wrong = environment.trouble.find(finding => finding.level !== 'ok');
  const [primary, args] = primaryOf(environment);

  const entries = environmentMenu(environment);
  const row = useRowActions({ primary: () => run(primary, args), entries });

  return (
    <li
      {...row}
      className="ma-Row"
      data-row={sourceOf(environment)}
      data-name={name}
      tabIndex={tabIndex}
      aria-label={[
        name,
        python && `Python ${python}`,
        size !== null && format.bytes(size),
        sealedWord(environment, trans),
        news,
        dotWord(dot, trans),
        copy && trans.__('kept as %1', copy),
        wrong && findingWord(wrong, trans)
      ]
        .filter(Boolean)
        .join(', ')}
      title={[
        environment.prefix,
        ...sealedHover(environment, trans, format),
        wrong?.message
      ]
        .filter(Boolean)
        .join('\n')}
    >
      <span className="ma-Dot" data-dot={dot} aria-hidden="true" />
      <span className="ma-Row-title">
        <span className="ma-Row-name">{name}</span>
        <UnsavedDot environment={environment} />
      </span>
      <span className="ma-number ma-Row-python">{python && minor(python)}</span>
      <span className="ma-number ma-Row-size">
        {size !== null && format.bytes(size)}
      </span>
      <span className="ma-Row-more ma-muted">
        <SealedBadge environment={environment} />
        {wrong
          ? findingWord(wrong, trans)
          : copy
            ? trans.__('kept as %1', copy)
            : environment.working && !filling
              ? phaseWord(environment.working, trans)
              : news || aboutOf(environment, trans.__('no kernel'))}
      </span>
      <span className="ma-Row-actions">
        <RowButtons
          environment={environment}
          wrong={wrong}
          kept={Boolean(copy)}
          tabIndex={tabIndex}
        />
        <MenuButton
          label={trans.__('More for %1', name)}
          entries={entries}
          tabIndex={tabIndex}
          back={row.ref}
        />
      </span>
    </li>
  );
});

function aboutOf(environment: IEnvironment, noKernel: string): string {
  if (environment.highlights.length) {
    return environment.highlights.join(' · ');
  }
  return environment.where === 'disk' && environment.kernel === 'none'
    ? noKernel
    : (environment.origin ?? '');
}
