import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, waitFor } from '@testing-library/dom';
import userEvent from '@testing-library/user-event';

import { FakeServer, operation, status } from '../../../__tests__/server';
import { Client } from '../../../api/client';
import { IEnvironment, IOperation, Json } from '../../../api/types';
import { Format } from '../../../format';
import { Inventory } from '../../../inventory';
import { Operations } from '../../../operations/model';
import { IModelArtsNb } from '../../../tokens';

/** How an operation of a verb ends; `done` with no result where nothing is said. */
type Ends = { [verb: string]: Partial<IOperation> };

/** What dialogs work with, over a server whose operations end at once. */
export async function world(
  environments: IEnvironment[],
  answers: { [path: string]: unknown } = {},
  ends: Ends = {}
) {
  const server = new FakeServer();
  const started: [verb: string, params: Json][] = [];
  let list: IOperation[] = [];
  Object.assign(server.answers, {
    'GET status': { body: status() },
    'GET environments': { body: { environments } },
    'GET archives': { body: { archives: [] } },
    'GET bin': { body: { removed: [] } },
    'GET operations': () => ({ body: { operations: list } }),
    'POST operations': ({ body }: { body: unknown }) => {
      const { verb, params } = body as {
        verb: string;
        params: IOperation['params'];
      };
      started.push([verb, params]);
      const begun = operation({ id: `op${started.length}`, verb, params });
      list = [
        { ...begun, state: 'done', ended: begun.started, ...ends[verb] },
        ...list
      ];
      return { body: begun };
    }
  });
  for (const [path, body] of Object.entries(answers)) {
    server.answers[`GET ${path}`] = { body };
  }
  for (const at of Array(9).keys()) {
    server.answers[`DELETE operations/op${at}`] = () => {
      list = list.filter(({ id }) => id !== `op${at}`);
      return { status: 204, text: '' };
    };
  }
  const client = new Client(server.settings);
  const inventory = new Inventory({ client, standby: 'never' });
  const operations = new Operations({ client, standby: 'never' });
  await inventory.refresh();
  await operations.refresh();
  const trans = nullTranslator.load('modelarts_nb');
  const nb = {
    client,
    inventory,
    operations,
    trans,
    format: new Format(trans)
  } as unknown as IModelArtsNb;
  return { nb, server, started, user: userEvent.setup() };
}

/** The button of the dialog with this word. */
export function button(name: string): HTMLButtonElement {
  const found = [
    ...document.querySelectorAll<HTMLButtonElement>('.jp-Dialog-button')
  ].find(item => item.textContent === name);
  if (!found) {
    throw new Error(`There is no button ${name}.`);
  }
  return found;
}

/** The dialog that is open, with all its words; undefined: none is. */
export function dialog(): HTMLElement | undefined {
  return document.querySelector<HTMLElement>('.jp-Dialog') ?? undefined;
}

/** Wait for a dialog that says so. */
export async function says(text: RegExp): Promise<HTMLElement> {
  await waitFor(() => expect(dialog()?.textContent).toMatch(text));
  // jsdom opens no <dialog>; what is in a closed one is hidden.
  dialog()?.setAttribute('open', '');
  return dialog() as HTMLElement;
}

/** Press a button of the dialog once it can be; what it asks of the server has been asked then. */
export async function press(name: string): Promise<void> {
  await waitFor(() => expect(button(name).disabled).toBe(false));
  fireEvent.click(button(name));
  await new Promise(resolve => window.setTimeout(resolve, 0));
}

/** Close whatever is open. */
export async function leave(): Promise<void> {
  while (dialog()) {
    fireEvent.click(document.querySelectorAll('.jp-Dialog-button')[0]);
    await new Promise(resolve => window.setTimeout(resolve, 0));
  }
}
