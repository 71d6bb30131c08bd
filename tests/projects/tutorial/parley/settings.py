"""
Settings of parley, as 'django-admin startproject' of Django 2.0 lays them out.
"""

import os

BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

SECRET_KEY = 'only for tests'

DEBUG = True

ALLOWED_HOSTS = ['*']

INSTALLED_APPS = [
    'django.contrib.auth',
    'django.contrib.contenttypes',

    # Others' apps
    'rest_framework',
    'notifications',  # who is told what

    'talk'
]

MIDDLEWARE = [
    'django.middleware.common.CommonMiddleware',
]

ROOT_URLCONF = 'parley.urls'

WSGI_APPLICATION = 'parley.wsgi.application'

DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.sqlite3',
        'NAME': os.environ.get('PARLEY_DB', os.path.join(BASE_DIR, 'db.sqlite3')),
    }
}

USE_TZ = True

REST_FRAMEWORK = {
    'DEFAULT_AUTHENTICATION_CLASSES': (),
    'UNAUTHENTICATED_USER': None,
}

# Celery

CELERY_TASK_ALWAYS_EAGER = True

# django-notifs

NOTIFICATIONS_RABBIT_MQ_URL = os.environ.get(
    'RABBIT_URL', 'amqp://guest:guest@localhost:5672/%2F'
)

NOTIFICATIONS_CHANNELS = {
    'websocket': 'talk.channels.EverybodyInTheRoom'
}
