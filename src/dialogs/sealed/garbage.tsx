import React from 'react';

import { IGarbage, IImage } from '../../api/sealedTypes';
import { keptWord } from '../../sealed/sentences';
import { IModelArtsNb } from '../../tokens';
import { askForm } from '../form';
import { Preview } from '../preview';

interface ILooked {
  garbage: IGarbage | null;
}

/** Look which images no version needs, say so, and delete them when told to. */
export async function askCollect(nb: IModelArtsNb): Promise<void> {
  const { trans, operations } = nb;
  await askForm<ILooked>({
    title: trans.__('Free space: images that nobody needs'),
    accept: trans.__('Delete Them'),
    dismiss: trans.__('Close'),
    trans,
    danger: true,
    initial: { garbage: null },
    problem: ({ garbage }) => (garbage && garbage.bytes > 0 ? null : ''),
    submit: () => operations.start('env.gc', { yes: true }),
    fields: ({ set }) => (
      <>
        <p>
          {trans.__(
            'A version of a sealed environment is made of images, which versions and clones share. An image goes when no version names it, in the bin neither, and no kernel runs from it anywhere.'
          )}
        </p>
        <Preview
          nb={nb}
          start={() => operations.start('env.gc', { yes: false })}
          draw={ended => (
            <Found
              nb={nb}
              garbage={ended.result as unknown as IGarbage}
              onFound={garbage => set({ garbage }, true)}
            />
          )}
        />
      </>
    )
  });
}

function Found(props: {
  nb: IModelArtsNb;
  garbage: IGarbage;
  onFound: (garbage: IGarbage) => void;
}): React.ReactElement {
  const { nb, garbage, onFound } = props;
  const { trans, format } = nb;
  const tell = React.useRef(onFound);
  React.useEffect(() => tell.current(garbage), [garbage]);
  const free = garbage.images.filter(image => !image.kept);
  const kept = garbage.images.filter(image => image.kept);
  return (
    <>
      <p className="ma-strong">
        {free.length
          ? trans._n(
              '%2 can be freed: %1 image that nobody needs.',
              '%2 can be freed: %1 images that nobody needs.',
              free.length,
              format.bytes(garbage.bytes)
            )
          : trans.__('There is nothing to free.')}
      </p>
      {kept.length > 0 && (
        <p className="ma-muted">
          {trans._n(
            '%1 image stays (%2).',
            '%1 images stay (%2).',
            kept.length,
            format.bytes(kept.reduce((sum, image) => sum + image.size, 0))
          )}
        </p>
      )}
      <Reasons nb={nb} kept={kept} />
      {!free.length && (
        <p className="ma-muted">
          {trans.__(
            'The images of removed environments are freed after the bin was emptied; those of the last hour stay for now.'
          )}
        </p>
      )}
    </>
  );
}

/** Why images stay, each reason once. */
function Reasons(props: {
  nb: IModelArtsNb;
  kept: readonly IImage[];
}): React.ReactElement | null {
  const { nb, kept } = props;
  const { trans, format } = nb;
  const reasons = new Map<string, number>();
  for (const image of kept) {
    const why = keptWord(image.kept, trans);
    reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  return reasons.size ? (
    <details className="ma-Technical">
      <summary>{trans.__('Why they stay')}</summary>
      <pre>
        {[...reasons]
          .map(([why, count]) => `${format.count(count)} × ${why}`)
          .join('\n')}
      </pre>
    </details>
  ) : null;
}
