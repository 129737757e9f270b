// JupyterLab ships ES modules; jest runs CommonJS, so those packages are translated too.
const translated = [
  '@jupyter/',
  '@jupyterlab/',
  '@lumino/',
  '@microsoft/',
  '@rjsf/',
  'exenv-es6',
  'lib0',
  'nanoid',
  'vscode-',
  'y-protocols',
  'y-websocket',
  'yjs',
  'lodash-es'
].join('|');

module.exports = {
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/src/**/__tests__/**/*.spec.ts?(x)'],
  modulePathIgnorePatterns: [
    '<rootDir>/modelarts_nb/',
    '<rootDir>/lib/',
    '<rootDir>/build/',
    '<rootDir>/.venv/'
  ],
  moduleNameMapper: {
    '\\.css$': '<rootDir>/src/__tests__/style.ts',
    '\\.svg$': '<rootDir>/src/__tests__/svg.ts'
  },
  setupFiles: ['<rootDir>/src/__tests__/setup.ts'],
  transform: {
    '^.+\\.[jt]sx?$': [
      'ts-jest',
      {
        tsconfig: 'tsconfig.test.json',
        diagnostics: { exclude: ['**/node_modules/**'] }
      }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${translated})).+`]
};
