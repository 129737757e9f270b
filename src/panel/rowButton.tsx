import React from 'react';

interface IRowButtonProps {
  /** Whether Tab reaches it: in the current row only. */
  tabIndex: number;
  onClick: () => void;
  /** Shown without hovering. */
  stays?: boolean;
  title?: string;
  children: string;
}

/** What can be done with a row, in a word. */
export function RowButton(props: IRowButtonProps): React.ReactElement {
  const { tabIndex, onClick, stays, title, children } = props;
  return (
    <button
      type="button"
      className={stays ? 'ma-Button ma-stays' : 'ma-Button'}
      title={title}
      tabIndex={tabIndex}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
