"""Credentials of services, in the shapes that the services document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.sealing.chance import filled
from bench.sealing.model import Kind, Pieces, secret

if TYPE_CHECKING:
    import random

# Known by their looks: name, template, what a person calls it.
_SHAPED = """
github-classic|ghp_{a30}{crc}|github token
github-oauth|gho_{a30}{crc}|github oauth token
github-user|ghu_{a30}{crc}|github user token
github-server|ghs_{a30}{crc}|github app token
github-refresh|ghr_{a30}{crc}|github refresh token
github-fine|github_pat_{a22}_{a59}|github token
gitlab-personal|glpat-{w20}|gitlab token
gitlab-deploy|gldt-{w20}|gitlab deploy token
gitlab-runner|glrt-{w20}|gitlab runner token
gitlab-trigger|glptt-{h40}|gitlab trigger token
slack-bot|xoxb-{d12}-{d12}-{a24}|slack bot token
slack-user|xoxp-{d12}-{d12}-{d12}-{h32}|slack user token
slack-app|xapp-1-A{u10}-{d13}-{h64}|slack app token
openai-classic|sk-{a20}T3BlbkFJ{a20}|openai api key
openai-project|sk-proj-{w74}T3BlbkFJ{w74}|openai api key
anthropic-api|sk-ant-api03-{w93}AA|anthropic api key
anthropic-admin|sk-ant-admin01-{w93}AA|anthropic admin key
aws-access-id|AKIA{t16}|aws access key id
aws-temporary-id|ASIA{t16}|aws access key id
google-api|AIza{w35}|google api key
google-oauth-secret|GOCSPX-{w28}|google client secret
google-access|ya29.{w64-90}|google access token
google-refresh|1//0{w40-60}|google refresh token
sendgrid|SG.{w22}.{w43}|sendgrid api key
mailgun|key-{h32}|mailgun api key
mailchimp|{h32}-us{d2}|mailchimp api key
twilio-key|SK{h32}|twilio api key
npm|npm_{a30}{crc}|npm token
pypi|pypi-AgEIcHlwaS5vcmc{w70-90}|pypi token
digitalocean|dop_v1_{h64}|digitalocean token
digitalocean-oauth|doo_v1_{h64}|digitalocean oauth token
huggingface|hf_{M34}|hf token
replicate|r8_{a37}|replicate api token
shopify-access|shpat_{h32}|shopify access token
shopify-secret|shpss_{h32}|shopify shared secret
square-access|sq0atp-{w22}|square access token
square-secret|sq0csp-{w43}|square secret
stripe-live|sk_live_{a24}|stripe secret key
stripe-long|sk_live_51{a97}|stripe secret key
stripe-restricted|rk_live_{a24}|stripe restricted key
stripe-webhook|whsec_{a32}|stripe webhook secret
facebook|EAAC{a120-160}|facebook access token
docker-hub|dckr_pat_{w27}|docker hub token
vault-service|hvs.{w90-100}|vault token
vault-batch|hvb.{w130-150}|vault batch token
atlassian|ATATT3xFfGF0{w180}={H8}|jira api token
terraform-cloud|{a14}.atlasv1.{w60-67}|tfc token
grafana-service|glsa_{a32}_{h8}|grafana token
grafana-cloud|glc_{b64:70}|grafana cloud token
newrelic-user|NRAK-{u27}|new relic api key
databricks|dapi{h32}|databricks token
postman|PMAK-{h24}-{h34}|postman api key
linear|lin_api_{a40}|linear api key
notion|ntn_{d11}{a35}|notion token
notion-old|secret_{a43}|notion token
figma|figd_{w40}|figma token
doppler|dp.pt.{a43}|doppler token
pulumi|pul-{h40}|pulumi access token
planetscale|pscale_tkn_{w43}|planetscale token
planetscale-password|pscale_pw_{w43}|planetscale password
sentry-org|sntrys_{b64url:90}_{w43}|sentry auth token
sentry-user|sntryu_{h64}|sentry auth token
netlify|nfp_{a36}|netlify auth token
rubygems|rubygems_{h48}|rubygems api key
clojars|CLOJARS_{l60}|clojars token
telegram|{d10}:AA{w33}|telegram bot token
discord-bot|M{a23}.G{w5}.{w38}|discord bot token
airtable|pat{a14}.{h64}|airtable token
azure-client|{w3}8Q~{w34}|azure client secret
azure-storage|{b64:64}|azure storage account key
dynatrace|dt0c01.{u24}.{u64}|dynatrace token
easypost|EZAK{a54}|easypost api key
flutterwave|FLWSECK-{h32}-X|flutterwave secret key
okta|00{w40}|okta api token
prefect|pnu_{l36}|prefect api key
readme|rdme_{l70}|readme api key
sendinblue|xkeysib-{h64}-{a16}|brevo api key
shippo|shippo_live_{h40}|shippo token
sourcegraph|sgp_{h40}|sourcegraph token
tailscale|tskey-auth-k{a11}CNTRL-{a32}|tailscale auth key
artifactory|AKCp{a69}|artifactory api key
alibaba|LTAI{a20}|alibaba access key id
contentful|CFPAT-{w43}|contentful token
duffel|duffel_live_{w43}|duffel token
launchdarkly|sdk-{uuid}|launchdarkly sdk key
supabase|sbp_{h40}|supabase access token
mapbox-secret|sk.eyJ{a60}.{w22}|mapbox secret token
perplexity|pplx-{a48}|perplexity api key
groq|gsk_{a52}|groq api key
xai|xai-{a80}|xai api key
fly|fo1_{w43}|fly api token
buildkite|bkua_{h40}|buildkite token
cloudflare-origin|v1.0-{h24}-{h146}|cloudflare origin ca key
"""
_UNSHAPED_NAMES = {"azure-storage", "okta", "launchdarkly"}

# Random-looking only: the name has to say it.
_NAMED = """
aws-secret|{b40}|aws secret access key
aws-session|{b64:120}|aws session token
datadog-api|{h32}|datadog api key
datadog-app|{h40}|datadog application key
twilio-auth|{h32}|twilio auth token
cloudflare-api|{w40}|cloudflare api token
cloudflare-global|{h37}|cloudflare api key
heroku|{uuid}|heroku api key
algolia|{h32}|algolia admin api key
pagerduty|{w20}|pagerduty api key
circleci|{h40}|circleci token
travis|{w22}|travis token
sonarqube|{h40}|sonar token
newrelic-license|{h36}NRAL|new relic license key
azure-devops|{l52}|azure devops pat
bitbucket-secret|{w64}|bitbucket client secret
dropbox|{l15}|dropbox app secret
asana|{h32}|asana client secret
zendesk|{w40}|zendesk token
intercom|{b64:43}|intercom access token
twitter-secret|{a50}|twitter consumer secret
okta-secret|{w40}|oauth client secret
django|{l50}|django secret key
flask|{h64}|flask secret key
rails|{h128}|secret key base
jwt-signing|{b64:48}|jwt secret
session-secret|{a40}|session secret
encryption-key|{b64:32}|encryption key
hmac|{h64}|webhook signing secret
csrf|{a32}|csrf secret
recaptcha|6L{w38}|recaptcha secret key
consul|{uuid}|consul http token
nomad|{uuid}|nomad token
rabbit-cookie|{U20}|erlang cookie
snmp|{l12}|snmp auth password
totp|{t32}|totp secret
fernet|{b64:31}{u3}=|fernet key
laravel|base64:{b64:32}|app key
"""


def _kinds(table: str, *, shaped: bool) -> tuple[Kind, ...]:
    return tuple(
        _kind(*line.split("|"), shaped=shaped) for line in table.strip().splitlines() if line
    )


def _kind(name: str, template: str, called: str, *, shaped: bool) -> Kind:
    def pieces(rng: random.Random) -> Pieces:
        return secret(filled(rng, template))

    return Kind(name, "vendor", pieces, (called,), shaped=shaped and name not in _UNSHAPED_NAMES)


KINDS = (*_kinds(_SHAPED, shaped=True), *_kinds(_NAMED, shaped=False))
