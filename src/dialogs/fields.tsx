import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

interface ITextProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: string;
  placeholder?: string;
  first?: boolean;
  /** Several lines. */
  rows?: number;
  /** Values to offer while typing. */
  offers?: string[];
  /** What is typed is not shown. */
  secret?: boolean;
  /** Only whole numbers between these. */
  range?: [least: number, most: number];
}

/** A labelled text field. */
export function TextField(props: ITextProps): React.ReactElement {
  const id = React.useId();
  const common = {
    id,
    className: 'jp-mod-styled',
    value: props.value,
    placeholder: props.placeholder,
    spellCheck: false,
    'aria-describedby': props.help ? `${id}-help` : undefined,
    'data-first': props.first ? '' : undefined,
    onChange: (
      event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>
    ) => props.onChange(event.target.value)
  };
  return (
    <div className="ma-Field">
      <label htmlFor={id}>{props.label}</label>
      {props.rows ? (
        <textarea {...common} rows={props.rows} />
      ) : (
        <input
          {...common}
          type={props.secret ? 'password' : props.range ? 'number' : 'text'}
          min={props.range?.[0]}
          max={props.range?.[1]}
          autoComplete={props.secret ? 'new-password' : 'off'}
          list={props.offers ? `${id}-offers` : undefined}
        />
      )}
      {props.offers && (
        <datalist id={`${id}-offers`}>
          {props.offers.map(offer => (
            <option key={offer} value={offer} />
          ))}
        </datalist>
      )}
      {props.help && (
        <small id={`${id}-help`} className="ma-Field-help">
          {props.help}
        </small>
      )}
    </div>
  );
}

interface ISelectProps {
  label: string;
  value: string;
  options: { value: string; label: string }[];
  onChange: (value: string) => void;
  help?: string;
  first?: boolean;
}

/** A labelled choice of one. */
export function SelectField(props: ISelectProps): React.ReactElement {
  const id = React.useId();
  return (
    <div className="ma-Field">
      <label htmlFor={id}>{props.label}</label>
      <HTMLSelect
        id={id}
        value={props.value}
        options={props.options}
        data-first={props.first ? '' : undefined}
        onChange={event => props.onChange(event.target.value)}
      />
      {props.help && <small className="ma-Field-help">{props.help}</small>}
    </div>
  );
}

interface ICheckProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

/** A labelled yes or no. */
export function CheckField(props: ICheckProps): React.ReactElement {
  return (
    <label className="ma-Field ma-Field-check">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}
