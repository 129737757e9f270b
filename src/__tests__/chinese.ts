import { TranslationBundle } from '@jupyterlab/translation';

const texts = jest.requireActual(
  '../../modelarts_nb/locale/zh_CN/LC_MESSAGES/modelarts_nb.json'
) as { [key: string]: string[] };

function say(text: string, args: unknown[]): string {
  return texts[text][0].replace(/%(\d)/g, (_, place) =>
    String(args[Number(place) - 1])
  );
}

/** The shipped translations as JupyterLab reads them; what is not translated throws. */
export const chinese = {
  __: (text: string, ...args: unknown[]) => say(text, args),
  _n: (text: string, _: string, n: number, ...args: unknown[]) =>
    say(text, [n, ...args])
} as unknown as TranslationBundle;
