import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import React from 'react';

/** Whether a section is unfolded, and what its head does to that. */
export interface IFold {
  open: boolean;
  onToggle: (open: boolean) => void;
}

interface ISectionProps extends IFold {
  id: string;
  title: string;
  count?: number;
  /** Shown beside the title of a folded section. */
  summary?: string;
  actions?: React.ReactNode;
  children: React.ReactNode;
}

/** A part of the panel that folds. */
export function Section(props: ISectionProps): React.ReactElement {
  const { id, title, count, open, onToggle } = props;
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <section className="ma-Section" aria-labelledby={`ma-${id}-title`}>
      <div className="ma-Section-head">
        <h2 id={`ma-${id}-title`}>
          <button
            type="button"
            className="ma-Section-toggle"
            aria-expanded={open}
            aria-controls={`ma-${id}`}
            onClick={() => onToggle(!open)}
          >
            <Caret.react tag="span" className="ma-caret" />
            <span>{title}</span>
            {count !== undefined && <span className="ma-count">{count}</span>}
          </button>
        </h2>
        {!open && props.summary && (
          <span className="ma-muted ma-Section-summary">{props.summary}</span>
        )}
        {open && <div className="ma-Section-actions">{props.actions}</div>}
      </div>
      <div id={`ma-${id}`} hidden={!open}>
        {open && props.children}
      </div>
    </section>
  );
}
