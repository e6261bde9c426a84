-- Findings that need no graph, over two exports of Cloud Asset Inventory in BigQuery:
-- content type RESOURCE in `{{resources}}`, IAM_POLICY in `{{policies}}`.
-- Roles as of {{dated}}; custom roles are not opened. Conditions are told, not judged.
-- One row a finding: rule, severity, resource, principal, what makes it so.
WITH
  asked AS (
    -- Roles that carry what each kind of target asks for.
    SELECT 'run.googleapis.com/Service' AS kind, role FROM UNNEST([{{requesting}}]) AS role
    UNION ALL
    SELECT 'run.googleapis.com/Job', role FROM UNNEST([{{running}}]) AS role
    UNION ALL
    SELECT 'cloudfunctions.googleapis.com/Function', role FROM UNNEST([{{calling}}]) AS role
  ),
  targets AS (
    SELECT
      name,
      asset_type AS kind,
      ancestors,
      -- Of functions only the first generation has a gate: the second is a service.
      asset_type != 'cloudfunctions.googleapis.com/Function'
        OR COALESCE(JSON_VALUE(resource.data, '$.environment'), '') = 'GEN_1' AS gate,
      COALESCE(LOWER(JSON_VALUE(
        resource.data, '$.metadata.annotations."run.googleapis.com/iap-enabled"')), '') = 'true'
        AS iap,
      COALESCE(LOWER(JSON_VALUE(
        resource.data, '$.metadata.annotations."run.googleapis.com/invoker-iam-disabled"')), '') = 'true'
        AS unchecked,
      COALESCE(
        JSON_VALUE(resource.data, '$.spec.template.spec.serviceAccountName'),
        JSON_VALUE(resource.data, '$.spec.template.spec.template.spec.serviceAccountName'),
        JSON_VALUE(resource.data, '$.serviceConfig.serviceAccountEmail'),
        JSON_VALUE(resource.data, '$.serviceAccountEmail'),
        '') AS account
    FROM `{{resources}}`
    WHERE asset_type IN ('run.googleapis.com/Service', 'run.googleapis.com/Job',
      'cloudfunctions.googleapis.com/Function')
  ),
  bindings AS (
    SELECT
      policy.name AS resource,
      policy.asset_type AS kind,
      binding.role AS role,
      member,
      COALESCE(binding.condition.expression, '') AS condition
    FROM `{{policies}}` AS policy, UNNEST(policy.iam_policy.bindings) AS binding,
      UNNEST(binding.members) AS member
  ),
  opening AS (
    -- Bindings that let somebody in: on a target, unless IAP cuts them off, or above any that is
    -- there or comes.
    SELECT bindings.*, FALSE AS above
    FROM bindings
    JOIN targets ON targets.name = bindings.resource
    JOIN asked ON asked.kind = targets.kind AND asked.role = bindings.role
    WHERE gate AND NOT iap
    UNION ALL
    SELECT DISTINCT bindings.*, TRUE
    FROM bindings
    JOIN asked ON asked.role = bindings.role
    WHERE STARTS_WITH(bindings.kind, 'cloudresourcemanager.googleapis.com/')
  ),
  findings AS (
    SELECT 'public-by-binding' AS rule, 'high' AS severity, resource, member AS principal, role,
      condition
    FROM opening
    WHERE member = 'allUsers' AND NOT above
    UNION ALL
    SELECT 'any-google-account', 'high', resource, member, role, condition
    FROM opening
    WHERE member = 'allAuthenticatedUsers' AND NOT above
    UNION ALL
    SELECT 'public-above', 'high', resource, member, role, condition
    FROM opening
    WHERE member IN ('allUsers', 'allAuthenticatedUsers') AND above
    UNION ALL
    SELECT 'invoker-check-off', IF(iap, 'low', 'high'), name, IF(iap, '', 'allUsers'), '', ''
    FROM targets
    WHERE unchecked
    UNION ALL
    SELECT 'public-behind-iap', 'low', bindings.resource, member, bindings.role, condition
    FROM bindings
    JOIN targets ON targets.name = bindings.resource
    JOIN asked ON asked.kind = targets.kind AND asked.role = bindings.role
    WHERE iap AND member IN ('allUsers', 'allAuthenticatedUsers')
    UNION ALL
    SELECT 'whole-domain', 'medium', resource, member, role, condition
    FROM opening
    WHERE STARTS_WITH(member, 'domain:')
    UNION ALL
    SELECT 'whole-pool', 'medium', resource, member, role, condition
    FROM opening
    WHERE STARTS_WITH(member, 'principalSet://iam.googleapis.com/') AND ENDS_WITH(member, '/*')
    UNION ALL
    SELECT 'whole-account-set', 'medium', resource, member, role, condition
    FROM opening
    WHERE STARTS_WITH(member, 'principalSet://cloudresourcemanager.googleapis.com/')
    UNION ALL
    SELECT 'deleted-principal', 'low', resource, member, role, condition
    FROM opening
    WHERE STARTS_WITH(member, 'deleted:')
    UNION ALL
    SELECT 'invoker-by-basic-role', 'low', resource, member, role, condition
    FROM opening
    WHERE role IN ('roles/owner', 'roles/editor') AND above
      AND REGEXP_CONTAINS(member, '^(user|group|serviceAccount|principal):')
    UNION ALL
    SELECT 'default-runtime-account', 'low', name, account, '', ''
    FROM targets
    WHERE ENDS_WITH(account, '-compute@developer.gserviceaccount.com')
      OR ENDS_WITH(account, '@appspot.gserviceaccount.com')
  )
SELECT rule, severity, resource, principal, role, condition
FROM findings
ORDER BY
  CASE severity WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END, rule, resource, principal, role
