import React from 'react';

import { INotebook } from '../../api/cloudTypes';
import { KeepAlive } from '../../cloud/preference';
import { IModelArtsNb } from '../../tokens';
import { SelectField, TextField } from '../fields';
import { askForm } from '../form';

/** What the service takes. */
const LEAST = 1;
const MOST = 72;
const OFFERS = [1, 4, 8, 24, MOST];

interface IValue {
  hours: string;
  /** Empty: as it is. */
  kind: '' | 'timing' | 'idle';
  mode: KeepAlive;
}

function hoursProblem(nb: IModelArtsNb, hours: string): string | null {
  const number = Number(hours);
  return hours.trim() && number >= LEAST && number <= MOST
    ? null
    : nb.trans.__('From %1 to %2 hours.', LEAST, MOST);
}

/**
 * Let a notebook run on.
 *
 * @param notebook - how the server knows it; undefined: this one.
 */
export async function askKeepAlive(
  nb: IModelArtsNb,
  notebook: string | undefined,
  name: string
): Promise<void> {
  const { trans, operations, keepAlive, cloud } = nb;
  const left = notebook === undefined ? (cloud.secondsLeft() ?? 0) : 0;
  // A working day at least, and an hour more than it runs anyway.
  const hours =
    OFFERS.find(offer => offer >= 8 && (offer - 1) * 3600 > left) ?? MOST;
  await askForm<IValue>({
    title: trans.__('Keep %1 alive', name),
    accept: trans.__('Keep alive'),
    trans,
    initial: { hours: String(hours), kind: '', mode: keepAlive.mode },
    problem: value => hoursProblem(nb, value.hours),
    submit: async value => {
      if (value.mode !== keepAlive.mode) {
        await keepAlive.choose(value.mode);
      }
      await operations.start('notebook.keep_alive', {
        hours: Number(value.hours),
        kind: value.kind || undefined,
        notebook
      });
    },
    fields: ({ value, set }) => (
      <>
        <Hours
          nb={nb}
          hours={value.hours}
          left={left}
          onChange={hours => set({ hours })}
        />
        <Kind
          nb={nb}
          kind={value.kind}
          asItIs={trans.__('as it is')}
          onChange={kind => set({ kind })}
        />
        {notebook === undefined && (
          <SelectField
            label={trans.__('Shortly before it runs out')}
            value={value.mode}
            options={[
              { value: 'ask', label: trans.__('ask me') },
              {
                value: 'auto',
                label: trans.__('extend it by itself while a kernel is busy')
              },
              { value: 'off', label: trans.__('do nothing') }
            ]}
            help={trans.__(
              'This page has to be open for that. It is a setting, and stays.'
            )}
            onChange={mode => set({ mode: mode as KeepAlive })}
          />
        )}
      </>
    )
  });
}

/** Start a notebook for some hours. */
export async function askStart(
  nb: IModelArtsNb,
  ref: string | undefined,
  notebook: INotebook
): Promise<void> {
  const { trans, operations } = nb;
  await askForm<Omit<IValue, 'mode'>>({
    title: trans.__('Start %1', notebook.name),
    accept: trans.__('Start'),
    trans,
    initial: { hours: '8', kind: '' },
    problem: value => hoursProblem(nb, value.hours),
    submit: value =>
      operations.start('notebook.start', {
        notebook: ref,
        hours: Number(value.hours),
        lease: value.kind || undefined
      }),
    fields: ({ value, set }) => (
      <>
        <p className="ma-Form-space">
          {[notebook.flavor, notebook.image.name].filter(Boolean).join(' · ')}
        </p>
        <Hours nb={nb} hours={value.hours} onChange={hours => set({ hours })} />
        <Kind
          nb={nb}
          kind={value.kind}
          asItIs={trans.__('as the service does it')}
          onChange={kind => set({ kind })}
        />
      </>
    )
  });
}

/** How many hours from now, and until when that is. */
function Hours(props: {
  nb: IModelArtsNb;
  hours: string;
  /** Seconds that it runs anyway. */
  left?: number;
  onChange: (hours: string) => void;
}): React.ReactElement {
  const { nb, hours, left, onChange } = props;
  const { trans, format } = nb;
  const until = new Date(Date.now() + Number(hours) * 3_600_000);
  return (
    <div>
      <TextField
        label={trans.__('Hours from now on')}
        value={hours}
        range={[LEAST, MOST]}
        help={
          hoursProblem(nb, hours) !== null
            ? undefined
            : Number(hours) * 3600 < (left ?? 0)
              ? trans.__('It runs longer than that anyway.')
              : trans.__('Until %1', format.day(until.toISOString()))
        }
        onChange={onChange}
        first
      />
      <div className="ma-Buttons ma-Offers">
        {OFFERS.map(offer => (
          <button
            key={offer}
            type="button"
            className="ma-Button"
            aria-pressed={hours === String(offer)}
            onClick={() => onChange(String(offer))}
          >
            {trans.__('%1 h', offer)}
          </button>
        ))}
      </div>
    </div>
  );
}

function Kind(props: {
  nb: IModelArtsNb;
  kind: IValue['kind'];
  asItIs: string;
  onChange: (kind: IValue['kind']) => void;
}): React.ReactElement {
  const { trans } = props.nb;
  return (
    <SelectField
      label={trans.__('Counted')}
      value={props.kind}
      options={[
        { value: '', label: props.asItIs },
        { value: 'timing', label: trans.__('always') },
        { value: 'idle', label: trans.__('only while it is idle') }
      ]}
      onChange={kind => props.onChange(kind as IValue['kind'])}
    />
  );
}
