import React from 'react';

import { usePanel } from './context';
import { Entry } from './menu';
import { MenuButton } from './menuButton';
import { useRowActions } from './rowActions';
import { RowButton } from './rowButton';

interface IStoredRowProps {
  id: string;
  name: string;
  current: boolean;
  facts: string[];
  more: string;
  hover: string;
  action: string;
  onAction: () => void;
  menu?: readonly Entry[];
}

/** What lies on the disk and is no environment: one that is packed, or removed. */
export function StoredRow(props: IStoredRowProps): React.ReactElement {
  const { menu = [] } = props;
  const { trans } = usePanel();
  const row = useRowActions({ primary: props.onAction, entries: menu });
  const tabIndex = props.current ? 0 : -1;
  return (
    <li
      {...row}
      className="ma-Row ma-mod-plain"
      data-row={props.id}
      tabIndex={tabIndex}
      aria-label={[props.name, ...props.facts, props.more]
        .filter(Boolean)
        .join(', ')}
      title={props.hover}
    >
      <span className="ma-Row-name">{props.name}</span>
      {props.facts.map((fact, index) => (
        <span key={index} className="ma-number">
          {fact}
        </span>
      ))}
      <span className="ma-Row-more ma-muted">{props.more}</span>
      <span className="ma-Row-actions">
        <RowButton tabIndex={tabIndex} stays onClick={props.onAction}>
          {props.action}
        </RowButton>
        {menu.length > 0 && (
          <MenuButton
            label={trans.__('More for %1', props.name)}
            entries={menu}
            tabIndex={tabIndex}
            back={row.ref}
          />
        )}
      </span>
    </li>
  );
}
