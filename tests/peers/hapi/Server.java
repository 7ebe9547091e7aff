// SPDX-License-Identifier: Apache-2.0
package peers.hapi;

import ca.uhn.fhir.batch2.api.IJobMaintenanceService;
import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binary.api.IBinaryStorageSvc;
import ca.uhn.fhir.jpa.binstore.MemoryBinaryStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.PackageLoaderConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.searchparam.config.NicknameServiceConfig;
import ca.uhn.fhir.jpa.searchparam.submit.config.SearchParamSubmitterConfig;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.match.config.SubscriptionProcessorConfig;
import ca.uhn.fhir.jpa.subscription.match.deliver.email.IEmailSender;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.topic.SubscriptionTopicConfig;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.LoggingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.ServerConnector;
import org.hl7.fhir.dstu2.model.Subscription.SubscriptionChannelType;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * A HAPI FHIR R4 server on 127.0.0.1 with its store in memory: a strict,
 * transactional peer for what Anamnesis writes. Every start is an empty server.
 *
 * <p>Usage: {@code Server PORT}; the FHIR base is {@code /fhir}.
 */
public final class Server {
    private Server() {}

    public static void main(String[] args) {
        if (args.length != 1) {
            System.err.println("usage: Server PORT");
            System.exit(2);
        }
        try {
            serve(Integer.parseInt(args[0]));
        } catch (Exception e) {
            // The store's threads would keep a half-started process alive.
            e.printStackTrace();
            System.exit(1);
        }
    }

    private static void serve(int port) throws Exception {
        var loopback = InetAddress.getLoopbackAddress();
        // A port in use is told now and not after the store is up.
        new ServerSocket(port, 1, loopback).close();
        var spring = new AnnotationConfigApplicationContext(Store.class);

        var jetty = new org.eclipse.jetty.server.Server();
        var connector = new ServerConnector(jetty);
        connector.setHost(loopback.getHostAddress());
        connector.setPort(port);
        jetty.addConnector(connector);
        var web = new ServletContextHandler("/");
        web.addServlet(new ServletHolder(face(spring)), "/fhir/*");
        jetty.setHandler(web);
        jetty.setStopAtShutdown(true);
        Runtime.getRuntime().addShutdownHook(new Thread(spring::close));
        jetty.start();
        hurry(spring.getBean(IJobMaintenanceService.class));
        jetty.join();
    }

    /** HAPI looks after its jobs once a minute; an export takes three such looks. */
    private static void hurry(IJobMaintenanceService jobs) {
        Executors.newSingleThreadScheduledExecutor(r -> {
                    var thread = new Thread(r, "jobs");
                    thread.setDaemon(true);
                    return thread;
                })
                .scheduleWithFixedDelay(jobs::runMaintenancePass, 2, 1, TimeUnit.SECONDS);
    }

    /** The REST face over the store: every resource type, transactions, the capability statement. */
    private static RestfulServer face(ApplicationContext spring) {
        FhirContext fhir = spring.getBean(FhirContext.class);
        IFhirSystemDao<?, ?> system = spring.getBean(IFhirSystemDao.class);
        var face = new RestfulServer(fhir);
        face.registerProviders(
                spring.getBean("myResourceProvidersR4", ResourceProviderFactory.class).createProviders());
        face.registerProvider(spring.getBean(JpaSystemProvider.class));
        face.registerProvider(spring.getBean(BulkDataExportProvider.class));
        face.setPagingProvider(spring.getBean(DatabaseBackedPagingProvider.class));
        face.setDefaultResponseEncoding(EncodingEnum.JSON);
        var capabilities = new JpaCapabilityStatementProvider(
                face,
                system,
                spring.getBean(JpaStorageSettings.class),
                spring.getBean(ISearchParamRegistry.class),
                spring.getBean(IValidationSupport.class));
        capabilities.setImplementationDescription("HAPI FHIR, a test peer of Anamnesis");
        face.setServerConformanceProvider(capabilities);
        var log = new LoggingInterceptor();
        log.setMessageFormat("${operationType} ${operationName} ${idOrResourceName} ${requestParameters}");
        face.registerInterceptor(log);
        return face;
    }

    /** The JPA store, wired as HAPI asks, over an H2 database in memory. */
    @Configuration
    @Import({
        JpaR4Config.class,
        HapiJpaConfig.class,
        PackageLoaderConfig.class,
        JpaBatch2Config.class,
        Batch2JobsConfig.class,
        NicknameServiceConfig.class,
        ThreadPoolFactoryConfig.class,
        SearchParamSubmitterConfig.class,
        SubscriptionChannelConfig.class,
        SubscriptionProcessorConfig.class,
        SubscriptionSubmitterConfig.class,
        SubscriptionTopicConfig.class
    })
    public static class Store {
        /**
         * Where a default of HAPI's would hide a fault of ours, it is set to the strict side.
         */
        @Bean
        public JpaStorageSettings storageSettings() {
            var s = new JpaStorageSettings();
            // We assign ids, and a site's own may be all digits.
            s.setResourceClientIdStrategy(JpaStorageSettings.ClientIdStrategyEnum.ANY);
            s.setResourceServerIdStrategy(JpaStorageSettings.IdStrategyEnum.UUID);
            // Conditional references: Patient?identifier=system|value.
            s.setAllowInlineMatchUrlReferences(true);
            // A reference must lead somewhere; a placeholder would hide a wrong one.
            s.setEnforceReferentialIntegrityOnWrite(true);
            s.setAutoCreatePlaceholderReferenceTargets(false);
            // A search right after a write must see the write.
            s.setReuseCachedSearchResultsForMillis(null);
            return s;
        }

        @Bean
        public SubscriptionSettings subscriptionSettings() {
            var s = new SubscriptionSettings();
            s.addSupportedSubscriptionType(SubscriptionChannelType.RESTHOOK);
            // Notify at the commit instead of at the next sweep of a 5 s timer.
            s.setSubscriptionChangeQueuedImmediately(true);
            return s;
        }

        /** The subscription machinery asks for one; e-mail subscriptions are not accepted. */
        @Bean
        public IEmailSender emailSender() {
            return details -> {
                throw new UnsupportedOperationException("this peer sends no e-mail");
            };
        }

        @Bean
        public PartitionSettings partitionSettings() {
            return new PartitionSettings();
        }

        @Bean
        public IBinaryStorageSvc binaryStorage() {
            return new MemoryBinaryStorageSvcImpl();
        }

        @Bean(destroyMethod = "close")
        public BasicDataSource dataSource() {
            var pool = new BasicDataSource();
            pool.setDriver(new org.h2.Driver());
            pool.setUrl("jdbc:h2:mem:peer;DB_CLOSE_DELAY=-1");
            pool.setMaxTotal(16);
            return pool;
        }

        @Bean
        public LocalContainerEntityManagerFactoryBean entityManagerFactory(
                ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings, DataSource pool) {
            var f = HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
            f.setPersistenceUnitName("peer");
            f.setDataSource(pool);
            var p = new Properties();
            p.put("hibernate.dialect", HapiFhirH2Dialect.class.getName());
            p.put("hibernate.hbm2ddl.auto", "create");
            // Lucene is not needed for what we search and costs start time.
            p.put("hibernate.search.enabled", "false");
            f.setJpaProperties(p);
            return f;
        }

        @Bean
        @Primary
        public JpaTransactionManager transactionManager(EntityManagerFactory factory) {
            return new JpaTransactionManager(factory);
        }
    }
}
