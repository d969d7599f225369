{{/* The labels by which the network policy and users select the objects of this release. */}}
{{- define "sso-batch.selector" -}}
app.kubernetes.io/name: sso-batch
app.kubernetes.io/instance: {{ quote .Release.Name }}
{{- end }}

{{/* The labels of a pod: no version, so that an upgrade changes only what differs. */}}
{{- define "sso-batch.podLabels" -}}
{{- merge (include "sso-batch.selector" . | fromYaml) .Values.labels | toYaml }}
{{- end }}

{{/* The labels of an object. */}}
{{- define "sso-batch.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name (replace "+" "_" .Chart.Version))
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/version" .Chart.AppVersion }}
{{- merge $own (include "sso-batch.podLabels" . | fromYaml) | toYaml }}
{{- end }}

{{/* The name of the ConfigMap. */}}
{{- define "sso-batch.configMap" -}}
{{- if and .Values.config .Values.existingConfigMap }}
{{- fail "config and existingConfigMap are both set: set only one of them" }}
{{- else if .Values.config }}
{{- .Release.Name }}
{{- else }}
{{- required "config is missing: add --set-file config=orgs.yaml, or set existingConfigMap" .Values.existingConfigMap }}
{{- end }}
{{- end }}
