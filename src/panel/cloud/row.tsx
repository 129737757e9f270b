import React from 'react';

import { Dot } from '../../words';
import { usePanel } from '../context';
import { Entry } from '../menu';
import { MenuButton } from '../menuButton';
import { useRowActions } from '../rowActions';
import { RowButton } from '../rowButton';

interface ICloudRowProps {
  /** Names the row among its siblings. */
  id: string;
  name: string;
  dot: Dot;
  /** The dot in words, for who does not see it. */
  state: string;
  /** At the right end of the first line. */
  fact: string;
  /** The second line. */
  more: string;
  hover: string;
  /** Whether Tab reaches this row. */
  current: boolean;
  /** What Enter does; `stays`: shown without hovering. */
  primary?: { label: string; run: () => void; stays?: boolean };
  menu: readonly Entry[];
  /** A third line. */
  children?: React.ReactNode;
}

/** A notebook, a storage or a key pair: facts, what can be done with it. */
export function CloudRow(props: ICloudRowProps): React.ReactElement {
  const { name, primary, menu } = props;
  const { trans } = usePanel();
  const row = useRowActions({ primary: primary?.run, entries: menu });
  const tabIndex = props.current ? 0 : -1;
  return (
    <li
      {...row}
      className="ma-Row ma-mod-cloud"
      data-row={props.id}
      data-name={name}
      tabIndex={tabIndex}
      aria-label={[name, props.state, props.fact, props.more]
        .filter((word, at, all) => word && all.indexOf(word) === at)
        .join(', ')}
      title={props.hover}
    >
      <span className="ma-Dot" data-dot={props.dot} aria-hidden="true" />
      <span className="ma-Row-name">{name}</span>
      <span className="ma-number ma-Row-size">{props.fact}</span>
      <span className="ma-Row-more ma-muted">{props.more}</span>
      {props.children}
      <span className="ma-Row-actions">
        {primary && (
          <RowButton
            tabIndex={tabIndex}
            stays={primary.stays}
            onClick={primary.run}
          >
            {primary.label}
          </RowButton>
        )}
        {menu.length > 0 && (
          <MenuButton
            label={trans.__('More for %1', name)}
            entries={menu}
            tabIndex={tabIndex}
            back={row.ref}
          />
        )}
      </span>
    </li>
  );
}
