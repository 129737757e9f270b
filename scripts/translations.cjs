// Every text of the panel against its translations.
//
//   node scripts/translations.cjs          adds new texts (empty) and drops those no longer used
//   node scripts/translations.cjs --check  fails when one is missing, empty, stale or loses a %1
//
// JupyterLab reads the JSON as it is: texts of `__` have one form, those of `_n` two
// (Chinese uses the first), those of `_p` carry their context before U+0004.
'use strict';

const fs = require('fs');
const path = require('path');
const ts = require('typescript');

const ROOT = path.join(__dirname, '..');
const TARGET = path.join(
  ROOT,
  'modelarts_nb/locale/zh_CN/LC_MESSAGES/modelarts_nb.json'
);
const HEADER = {
  domain: 'modelarts_nb',
  language: 'zh-CN',
  plural_forms: 'nplurals=1; plural=0;',
  version: 'modelarts_nb'
};

function sources(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return entry.name === '__tests__' ? [] : sources(full);
    }
    return /\.tsx?$/.test(entry.name) ? [full] : [];
  });
}

/** Texts of all `trans.__()` and `trans._n()` calls: key -> number of forms. */
function extract() {
  const found = new Map();
  for (const file of sources(path.join(ROOT, 'src'))) {
    const source = ts.createSourceFile(
      file,
      fs.readFileSync(file, 'utf8'),
      ts.ScriptTarget.Latest,
      true,
      file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
    );
    const visit = node => {
      if (
        ts.isCallExpression(node) &&
        ts.isPropertyAccessExpression(node.expression) &&
        ['__', '_n'].includes(node.expression.name.text)
      ) {
        const [text] = node.arguments;
        if (!ts.isStringLiteralLike(text)) {
          throw new Error(`${file}: a text must be a literal: ${node.getText()}`);
        }
        const forms = node.expression.name.text === '_n' ? 2 : 1;
        if ((found.get(text.text) ?? forms) !== forms) {
          throw new Error(`${text.text}: both with and without a plural`);
        }
        found.set(text.text, forms);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** The placeholders of a text, as a sorted list without repeats. */
function placeholders(text) {
  return [...new Set(text.match(/%\d/g) ?? [])].sort().join(' ');
}

function problems(found, known) {
  const list = [];
  for (const [text, forms] of found) {
    const entry = known[text];
    if (!entry || !entry[0]) {
      list.push(`not translated: ${text}`);
    } else if (entry.length !== forms) {
      list.push(`needs ${forms} forms: ${text}`);
    } else if (
      forms === 1
        ? placeholders(entry[0]) !== placeholders(text)
        : !placeholders(text)
            .split(' ')
            .every(one => one === '%1' || entry[0].includes(one))
    ) {
      list.push(`loses a placeholder: ${text}`);
    }
  }
  for (const text of Object.keys(known)) {
    if (text && !found.has(text)) {
      list.push(`no longer used: ${text}`);
    }
  }
  return list;
}

function main() {
  const found = extract();
  const known = fs.existsSync(TARGET)
    ? JSON.parse(fs.readFileSync(TARGET, 'utf8'))
    : {};
  if (process.argv.includes('--check')) {
    const list = problems(found, known);
    if (list.length) {
      console.error(list.join('\n'));
      process.exit(1);
    }
    console.log(`${found.size} texts, all translated`);
    return;
  }
  const next = { '': HEADER };
  for (const text of [...found.keys()].sort()) {
    const old = known[text]?.[0] ?? '';
    next[text] = found.get(text) === 2 ? [old, ''] : [old];
  }
  fs.writeFileSync(TARGET, JSON.stringify(next, null, 2) + '\n');
  const empty = Object.keys(next).filter(text => text && !next[text][0]);
  console.log(`${found.size} texts, ${empty.length} to translate`);
}

main();
