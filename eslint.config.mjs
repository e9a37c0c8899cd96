import tseslint from "typescript-eslint";

/** What `bear check` and `bear plan` load must not bring the Pulumi SDK along: it costs 0.6 s and 80 MB. Types are free. */
const withoutSdk = [
  "components/addons/*/{addon,schema,values}.ts",
  "components/addons/registry.ts",
  "components/clusters/{definition,registry}.ts",
  "components/clusters/*/{access,cluster,schema}.ts",
  "components/clusters/{cloud-cli,cloud-things,kubeconfig,kubernetes,source}.ts",
  "components/clusters/{eks/{arns,aws-cli,things},gke/{found,gcloud,things}}.ts",
  "components/clusters/capacity/*.ts",
  "components/clusters/*/{bill,capacity,machines,prices}.ts",
  "components/clusters/ssh/{datastore,schema}.ts",
  "components/clusters/eks/{kubeconfig,policies,settings,versions}.ts",
  "components/clusters/gke/{facts,pool-schema}.ts",
  "components/clusters/gardener/{garden,script,shoot}.ts",
  "components/clusters/{eks/grant-policies,gke/grant-roles}.ts",
  "components/core/{access,addon,collect,contributions,errors,existing,lock,ports,resolve,schema,secret,slots}.ts",
  "components/{security,tenants}/schema.ts",
  "components/safety/*.ts",
  "components/policy/protect.ts",
  "components/security/{labels,network-policies}.ts",
  "components/wiring/exposure.ts",
  "components/charts/{outline,source}.ts",
  "stacks/{plan,check,parse,model,issues,against,rules,stack-file}.ts",
  "stacks/{plan,rules,against}/**/*.ts",
  "cli/**/*.ts",
];

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", ".bearstack/**", "coverage/**"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
  },
  {
    files: ["**/*.ts"],
    rules: {
      "max-lines": ["error", { max: 400 }],
      "no-restricted-syntax": ["error", { selector: "ExportDefaultDeclaration", message: "Named exports only." }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports", disallowTypeAnnotations: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/only-throw-error": ["error", { allowThrowingUnknown: true, allowThrowingAny: true }],
      "@typescript-eslint/require-await": "off",
      // Functions of definitions are written in method form and never use `this`.
      "@typescript-eslint/unbound-method": "off",
      // The contract erases the config type of an add-on once it sits in a list with others.
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    files: withoutSdk,
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        { patterns: [{ group: ["@pulumi/*"], allowTypeImports: true, message: "check and plan load this file: import types only, or put it into index.ts." }] },
      ],
    },
  },
  { files: ["**/*.test.ts"], rules: { "@typescript-eslint/no-restricted-imports": "off", "@typescript-eslint/no-floating-promises": "error" } },
);
