// Whether names exist is what tsc checks.
import js from "@eslint/js";

export default [
  {
    files: ["mixsvc/pages/static/**/*.js"],
    rules: {
      ...js.configs.recommended.rules,
      "no-undef": "off",
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      complexity: ["error", 10],
      "max-len": ["error", 120],
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "MethodDefinition[kind='method'][key.name=/[a-z]_/], FunctionDeclaration[id.name=/[a-z]_/], " +
            "VariableDeclarator[id.name=/[a-z]_/], PropertyDefinition[key.name=/[a-z]_/]",
          message: "Names are camelCase; those of the chat's protocol are as the protocol has them.",
        },
      ],
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", 35],
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "What others wrote goes in as text." },
        { property: "outerHTML", message: "What others wrote goes in as text." },
        { property: "insertAdjacentHTML", message: "What others wrote goes in as text." },
      ],
    },
  },
  { ignores: ["mixsvc/pages/static/vendor/", "mixsvc/pages/static/built/", ".venv/", "bench/", ".cache/"] },
];
